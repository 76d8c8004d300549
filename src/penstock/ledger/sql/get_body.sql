SELECT id, app_id, received_at, body, numbers, redacted_at, redacted_why FROM webhooks WHERE id = :id
