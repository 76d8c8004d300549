SELECT v.id, v.message_row, v.conversation_id, v.workspace, v.phone_number_id, v.wamid, v.media_id, v.kind, v.state, v.outcome, v.reason,
  v.attempts, v.received_at, v.deadline, v.due_at, v.attached_at, v.size, v.sha256, v.content_type, v.declared_mime_type,
  v.declared_size, v.filename, v.voice, v.animated, v.app, v.credential
FROM media_now v WHERE v.id = :id AND v.wamid NOT LIKE 'gone:%' AND (:workspace_id = 0 OR v.workspace_id = :workspace_id)
