-- Its row's number is an event's position, and it is there with the commit.
UPDATE events SET id = id WHERE :after < 0 AND :limit < 0 RETURNING 1
