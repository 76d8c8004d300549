-- Not the newest one: its place would be given out again.
DELETE FROM events WHERE id = :id AND id < (SELECT max(id) FROM events) RETURNING 1
