-- The rounds of a file after its first, and how many requests had been made for it before each.
SELECT i.round, i.run_id, r.by_whom, r.why, i.released_at, i.made FROM reprocess_items i
JOIN reprocess_runs r ON r.id = i.run_id WHERE i.media_row = :media_row AND i.round IS NOT NULL ORDER BY i.round
