INSERT INTO credentials (name, token, created_at, changed_at) VALUES (:name, :token, :now, :now)
