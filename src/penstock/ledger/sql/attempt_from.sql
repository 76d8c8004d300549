SELECT id, at FROM attempts WHERE id >= :id ORDER BY id LIMIT 1
