-- Where so many events behind a row end, and how many there are.
SELECT coalesce(max(id), 0), count(*) FROM (SELECT id FROM events WHERE id > :after ORDER BY id LIMIT :limit) stretch
