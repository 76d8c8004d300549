-- Its row's number is an event's position.
SELECT NULL
