-- Journal one signed body.
INSERT INTO webhooks (app_id, received_at, signature, numbers, problems, body)
VALUES (:app_id, :now, :signature, :numbers, :problems, :body) RETURNING id
