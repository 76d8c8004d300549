-- Note that a journaled body holds updates for a number nobody registered.
INSERT INTO strays (phone_number_id, webhook_id) VALUES (:phone_number_id, :webhook_id) ON CONFLICT DO NOTHING
