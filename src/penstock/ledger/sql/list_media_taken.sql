-- The files of one workspace that are being fetched.
SELECT v.id, v.message_row, v.conversation_id, v.workspace, v.phone_number_id, v.wamid, v.media_id, v.kind, v.state, v.outcome, v.reason,
  v.attempts, v.received_at, v.deadline, v.due_at, v.attached_at, v.size, v.sha256, v.content_type, v.declared_mime_type,
  v.declared_size, v.filename, v.voice, v.animated, v.app, v.credential
FROM media_now v
WHERE v.id IN (SELECT f.media_row FROM fetches f WHERE f.turn = 'taken' AND f.workspace_id = :workspace_id)
  AND v.id < :before AND (:outcome = '' OR v.outcome = :outcome)
  AND v.received_at >= :since AND v.received_at < :until
ORDER BY v.id DESC LIMIT :limit
