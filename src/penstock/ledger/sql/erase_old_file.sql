-- A file goes and its message stays. One that is still to come is never touched.
UPDATE media SET stage = 'erased', ended_at = :now, outcome = NULL, reason = NULL,
  declared_mime_type = NULL, declared_sha256 = NULL, declared_size = NULL, filename = NULL,
  size = NULL, sha256 = NULL, content_type = NULL
WHERE id = :media_row AND stage IN ('attached', 'expired', 'failed') RETURNING 1
