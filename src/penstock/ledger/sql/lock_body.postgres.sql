-- A body is read again by one at a time.
SELECT id FROM webhooks WHERE id = :id FOR UPDATE
