INSERT INTO statuses (number_id, wamid, status, recipient, at, error_code, error_text, webhook_id)
VALUES (:number_id, :wamid, :status, :recipient, :at, :error_code, :error_text, :webhook_id)
ON CONFLICT DO NOTHING RETURNING 1
