-- A registration, removed or not.
SELECT n.id, n.phone_number_id, n.workspace_id, w.name, n.app_id, a.name, n.credential_id, c.name, n.no_storage, n.created_at
FROM numbers n JOIN workspaces w ON w.id = n.workspace_id JOIN apps a ON a.id = n.app_id
JOIN credentials c ON c.id = n.credential_id
WHERE n.id = :id
