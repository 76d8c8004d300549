-- Not the newest one: its id would be given out again.
DELETE FROM attempts WHERE id = :id AND at = :at AND id < (SELECT max(id) FROM attempts) RETURNING 1
