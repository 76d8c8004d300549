-- The number that is probed: the first of those of test workspaces, none whose files live an hour; and its file.
SELECT n.id, n.phone_number_id, w.name, a.name, n.credential_id, c.name,
  p.media_id, p.sha256, p.size, p.uploaded_at, p.tried_at, p.operation, p.outcome, p.said
FROM numbers n JOIN workspaces w ON w.id = n.workspace_id JOIN apps a ON a.id = n.app_id
JOIN credentials c ON c.id = n.credential_id LEFT JOIN probe_files p ON p.number_id = n.id
WHERE n.removed_at IS NULL AND n.no_storage = 0 AND w.is_test = 1 ORDER BY n.id LIMIT 1
