-- Files that were received in a time and cannot be had any more, the oldest first.
SELECT m.id, w.name, m.stage, coalesce(m.reason, '')
FROM media m JOIN workspaces w ON w.id = m.workspace_id
WHERE m.received_at >= :since AND m.received_at <= :until AND m.stage IN ('expired', 'failed')
ORDER BY m.received_at, m.id LIMIT :limit
