UPDATE reprocess_items SET state = 'released', released_at = :now,
  round = (SELECT m.rounds FROM media m WHERE m.id = reprocess_items.media_row),
  made = (SELECT count(*) FROM attempts a WHERE a.media_row = reprocess_items.media_row),
  after_attempt = (SELECT coalesce(max(a.id), 0) FROM attempts a WHERE a.media_row = reprocess_items.media_row)
WHERE media_row = :media_row AND run_id = :run_id
