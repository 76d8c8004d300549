-- What was to be tried later is due now.
UPDATE fetches SET turn = 'ready' WHERE media_row IN (
  SELECT media_row FROM fetches WHERE turn = 'later' AND due_at <= :now ORDER BY due_at LIMIT :limit)
RETURNING 1
