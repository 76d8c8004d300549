-- Unspent: a shut gate or a stopping process.
UPDATE fetches SET turn = 'later', owner = NULL, lease_until = NULL, due_at = :due_at
WHERE media_row = :media_row AND fence = :fence AND turn = 'taken' RETURNING attempts
