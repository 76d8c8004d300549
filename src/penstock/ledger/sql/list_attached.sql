-- Attached items for a check of their bytes.
SELECT m.id, w.name, m.size, m.sha256 FROM media m JOIN workspaces w ON w.id = m.workspace_id
WHERE m.stage = 'attached' AND m.id > :after ORDER BY m.id LIMIT :limit
