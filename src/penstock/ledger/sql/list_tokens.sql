SELECT t.id, t.name, t.role, w.name, t.created_at FROM api_tokens t LEFT JOIN workspaces w ON w.id = t.workspace_id
ORDER BY t.name
