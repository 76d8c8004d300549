SELECT t.id, t.name, t.role, t.workspace_id, w.name FROM api_tokens t LEFT JOIN workspaces w ON w.id = t.workspace_id
WHERE t.id = :id
