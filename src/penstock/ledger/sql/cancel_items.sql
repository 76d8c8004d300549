-- Mark what a cancelled run had not put to work, some at a time.
UPDATE reprocess_items SET state = 'cancelled', ended_at = :now WHERE run_id = :run_id AND media_row IN (
  SELECT i.media_row FROM reprocess_items i WHERE i.run_id = :run_id AND i.state = 'waiting' LIMIT :limit)
RETURNING 1
