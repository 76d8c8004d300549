-- The file that a message came without is there now, unless it is known already.
UPDATE media SET media_id = :media_id, kind = :kind, declared_mime_type = :declared_mime_type, declared_sha256 = :declared_sha256,
  declared_size = :declared_size, filename = :filename, voice = :voice, animated = :animated, received_at = :received_at,
  deadline = :deadline, stage = 'open', ended_at = NULL, outcome = NULL, reason = NULL
WHERE message_row = :message_row AND media_id = '' AND stage IN ('failed', 'erased')
  AND NOT EXISTS (SELECT 1 FROM media m WHERE m.message_row = :message_row AND m.media_id = :media_id)
RETURNING id
