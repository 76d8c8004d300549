UPDATE media SET stage = 'attached', ended_at = :now, outcome = NULL, reason = NULL, attempts = :attempts,
  size = :size, sha256 = :sha256, content_type = :content_type WHERE id = :media_row
