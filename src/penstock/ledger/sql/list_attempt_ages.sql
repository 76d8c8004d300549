SELECT a.id, a.at, m.workspace_id FROM attempts a JOIN media m ON m.id = a.media_row
WHERE a.id > :after AND a.id <= :last ORDER BY a.id LIMIT :limit
