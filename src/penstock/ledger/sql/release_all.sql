UPDATE fetches SET turn = 'ready', owner = NULL, lease_until = NULL WHERE turn = 'taken' RETURNING 1
