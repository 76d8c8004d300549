-- Journal one signed body, unless the provisioning has changed since it was read for its numbers: then nothing is inserted.
INSERT INTO webhooks (app_id, received_at, signature, numbers, problems, body)
SELECT :app_id, :now, :signature, :numbers, :problems, :body FROM provisioning WHERE version = :version RETURNING id
