-- The work on an item is over; no row means that the lease was lost.
DELETE FROM fetches WHERE media_row = :media_row AND fence = :fence AND turn = 'taken' RETURNING attempts + 1
