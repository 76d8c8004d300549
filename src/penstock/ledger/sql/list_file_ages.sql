SELECT id, received_at, workspace_id, stage FROM media
WHERE id > :after AND id <= :last AND stage <> 'erased' ORDER BY id LIMIT :limit
