SELECT id, at, workspace_id FROM events WHERE id > :after AND id <= :last ORDER BY id LIMIT :limit
