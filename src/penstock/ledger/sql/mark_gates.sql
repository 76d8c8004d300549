-- What changes whenever a gate in force does: rows are never rewritten without another time, opening or end.
SELECT count(*), max(id), sum(since), sum(id * coalesce(opening, -1.0)), sum(id * coalesce(until, -1.0)), sum(id * overrides)
FROM gates WHERE until IS NULL OR until > :now
