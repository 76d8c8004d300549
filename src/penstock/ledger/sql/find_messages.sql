-- By Meta's id; the same id may exist at several numbers.
SELECT g.id FROM messages g JOIN numbers n ON n.id = g.number_id
WHERE g.number_id IN (SELECT id FROM numbers) AND g.wamid = :wamid
  AND (:workspace_id = 0 OR g.workspace_id = :workspace_id) ORDER BY g.id LIMIT 1
