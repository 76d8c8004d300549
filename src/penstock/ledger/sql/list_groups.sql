SELECT id FROM conversations
WHERE is_group = 1 AND id > :after AND (:workspace_id = 0 OR workspace_id = :workspace_id) ORDER BY id LIMIT :limit
