DELETE FROM webhooks WHERE id = :id AND id < (SELECT max(id) FROM webhooks) RETURNING 1
