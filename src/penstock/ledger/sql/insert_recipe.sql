INSERT INTO recipes (name, version, implementation, parameters, by_whom, why, created_at)
VALUES (:name, :version, :implementation, :parameters, :by_whom, :why, :now)
