-- Conversations of one workspace, the one with the newest message first.
SELECT c.id, w.name, n.phone_number_id, c.title, c.contact, c.is_group, c.last_at, c.last_text, c.last_kind, c.last_direction,
  (SELECT count(*) FROM (SELECT g.id FROM messages g WHERE g.conversation_id = c.id ORDER BY g.sent_at DESC LIMIT 50) t
     JOIN media m ON m.message_row = t.id WHERE m.stage = 'open')
FROM conversations c JOIN workspaces w ON w.id = c.workspace_id JOIN numbers n ON n.id = c.number_id
WHERE c.workspace_id = :workspace_id AND c.last_at > 0 AND (c.last_at, c.id) < (:before_at, :before_id)
ORDER BY c.last_at DESC, c.id DESC LIMIT :limit
