SELECT e.position, e.kind, e.at, w.name, e.conversation_id, e.seq, e.message_row, e.media_row
FROM events e JOIN workspaces w ON w.id = e.workspace_id
WHERE e.workspace_id = :workspace_id AND e.position > :after ORDER BY e.position LIMIT :limit
