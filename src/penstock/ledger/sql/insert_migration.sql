INSERT INTO migrations (number, name, applied_at) VALUES (:number, :name, :now)
