-- What was to be tried later is due now.
UPDATE fetches SET turn = 'ready' WHERE media_row = ANY (ARRAY (
  SELECT media_row FROM fetches WHERE turn = 'later' AND due_at <= :now ORDER BY due_at LIMIT :limit
  FOR UPDATE SKIP LOCKED))
RETURNING 1
