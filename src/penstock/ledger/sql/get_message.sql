SELECT g.id, w.name, n.phone_number_id, g.conversation_id, g.wamid, g.direction, g.kind, g.sent_at, g.received_at,
  g.sender, g.sender_name, g.text, g.reply_to, g.original_wamid, g.history, g.error_code, g.error_text, g.payload
FROM messages g JOIN workspaces w ON w.id = g.workspace_id JOIN numbers n ON n.id = g.number_id
WHERE g.id = :id AND g.kind <> 'erased' AND (:workspace_id = 0 OR g.workspace_id = :workspace_id)
