SELECT min(at) FROM (SELECT at FROM events WHERE position IS NULL ORDER BY id LIMIT 1) oldest
