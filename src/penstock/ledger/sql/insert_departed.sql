INSERT INTO departed (number_id, message, file) VALUES (:number_id, :message, :file) ON CONFLICT DO NOTHING
