-- A file that ended begins another round.
UPDATE media SET stage = 'open', ended_at = NULL, rounds = rounds + 1
WHERE id = :media_row AND stage IN ('failed', 'expired') RETURNING 1
