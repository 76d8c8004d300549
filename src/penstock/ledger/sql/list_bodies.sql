SELECT id, app_id, received_at, body FROM webhooks WHERE id > :after ORDER BY id LIMIT :limit
