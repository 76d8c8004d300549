UPDATE media m SET stage = 'attached', ended_at = t.at, outcome = NULL, reason = NULL, attempts = t.attempts,
  size = t.size, sha256 = t.sha256, content_type = t.content_type
FROM unnest((SELECT CAST(:now AS float8[])), (SELECT CAST(:attempts AS integer[])),
  (SELECT CAST(:size AS bigint[])), (SELECT CAST(:sha256 AS bytea[])),
  (SELECT CAST(:content_type AS text[])), (SELECT CAST(:media_row AS bigint[])))
  AS t (at, attempts, size, sha256, content_type, media_row)
WHERE m.id = t.media_row
