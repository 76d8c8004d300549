SELECT id, received_at, workspace_id FROM messages
WHERE id > :after AND id <= :last AND kind <> 'erased' ORDER BY id LIMIT :limit
