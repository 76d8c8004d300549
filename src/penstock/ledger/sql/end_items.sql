-- What became of a run's files: those that are open no longer.
UPDATE reprocess_items SET ended_at = :now,
  state = coalesce((SELECT m.stage FROM media m WHERE m.id = reprocess_items.media_row), 'erased')
WHERE run_id = :run_id AND state = 'released'
  AND NOT EXISTS (SELECT 1 FROM media m WHERE m.id = reprocess_items.media_row AND m.stage = 'open')
RETURNING state
