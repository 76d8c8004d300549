SELECT name, version, implementation, parameters, by_whom, why, created_at FROM recipes WHERE name = :name ORDER BY version
