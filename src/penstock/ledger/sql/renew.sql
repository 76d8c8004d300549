UPDATE fetches SET lease_until = :lease_until
WHERE media_row = :media_row AND fence = :fence AND owner = :owner AND turn = 'taken' RETURNING 1
