-- There is one writer at a time anyway.
SELECT id FROM webhooks WHERE id = :id
