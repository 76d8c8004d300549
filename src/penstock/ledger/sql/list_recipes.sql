SELECT name, version, implementation, parameters, by_whom, why, created_at FROM recipes ORDER BY name, version
