UPDATE fetches SET turn = 'ready', owner = NULL, lease_until = NULL
WHERE media_row IN (SELECT media_row FROM fetches WHERE turn = 'taken' AND lease_until < :now ORDER BY lease_until LIMIT :limit)
RETURNING 1
