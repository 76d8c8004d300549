-- By Meta's id; the same id may exist at several numbers.
SELECT id FROM messages WHERE wamid = :wamid AND (:workspace_id = 0 OR workspace_id = :workspace_id) ORDER BY id LIMIT 1
