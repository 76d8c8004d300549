-- Note that a journaled body holds updates for a number nobody registered.
INSERT INTO strays (phone_number_id, webhook_id, app_id, received_at) VALUES (:phone_number_id, :webhook_id, :app_id, :now)
ON CONFLICT DO NOTHING
