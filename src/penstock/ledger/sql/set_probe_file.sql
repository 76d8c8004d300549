INSERT INTO probe_files (number_id, media_id, sha256, size, uploaded_at)
VALUES (:number_id, :media_id, :sha256, :size, :uploaded_at)
ON CONFLICT (number_id) DO UPDATE SET media_id = excluded.media_id, sha256 = excluded.sha256, size = excluded.size,
  uploaded_at = excluded.uploaded_at
