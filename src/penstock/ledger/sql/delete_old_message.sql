-- Not the newest one: its id would be given out again.
DELETE FROM messages WHERE id = :id AND id < (SELECT max(id) FROM messages) RETURNING 1
