-- Events that were committed since get the next positions.
UPDATE events SET position = :after + fresh.nth
FROM (SELECT id, row_number() OVER (ORDER BY id) AS nth
      FROM (SELECT id FROM events WHERE position IS NULL ORDER BY id LIMIT :limit) unstamped) fresh
WHERE events.id = fresh.id RETURNING 1
