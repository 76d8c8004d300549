DELETE FROM api_tokens WHERE name = :name RETURNING id
