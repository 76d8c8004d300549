-- Files of one workspace and stage within a stretch of rows, newest first; an empty filter filters nothing.
SELECT v.id, v.message_row, v.conversation_id, v.workspace, v.phone_number_id, v.wamid, v.media_id, v.kind, v.state, v.outcome, v.reason,
  v.attempts, v.received_at, v.deadline, v.due_at, v.attached_at, v.size, v.sha256, v.content_type, v.declared_mime_type,
  v.declared_size, v.filename, v.voice, v.animated, v.app, v.credential
FROM media_now v
WHERE v.workspace_id = :workspace_id AND v.stage = :stage AND v.id >= :floor AND v.id < :before
  AND (:state = '' OR v.state = :state) AND (:outcome = '' OR v.outcome = :outcome)
  AND v.wamid NOT LIKE 'gone:%' AND v.received_at >= :since AND v.received_at < :until
ORDER BY v.id DESC LIMIT :limit
