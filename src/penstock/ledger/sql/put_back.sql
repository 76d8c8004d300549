-- Unspent: a shut gate or a stopping process.
UPDATE fetches SET owner = NULL, lease_until = NULL, due_at = :due_at
WHERE media_row = :media_row AND fence = :fence AND owner IS NOT NULL RETURNING media_row
