SELECT id, app_id, received_at, body, numbers FROM webhooks WHERE id = :id
