-- A file goes with its message.
UPDATE media SET media_id = :name, stage = 'erased', ended_at = :now, outcome = NULL, reason = NULL,
  declared_mime_type = NULL, declared_sha256 = NULL, declared_size = NULL, filename = NULL,
  size = NULL, sha256 = NULL, content_type = NULL
WHERE id = :media_row AND stage <> 'erased' RETURNING 1
