-- Not the newest one: its id would be given out again.
DELETE FROM attempts WHERE media_row = :media_row AND id < (SELECT max(id) FROM attempts)
