-- Not the newest one, by which readers know how far the feed has come, nor one that has no place yet.
DELETE FROM events WHERE id = :id AND position < (SELECT max(position) FROM events) RETURNING 1
