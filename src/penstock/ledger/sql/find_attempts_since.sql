-- The id before the first of the newest attempts that was begun at a time or after it; the last id when none was.
SELECT coalesce(min(CASE WHEN at >= :since THEN id END) - 1, max(id), 0)
FROM (SELECT id, at FROM attempts ORDER BY id DESC LIMIT :newest) newest
