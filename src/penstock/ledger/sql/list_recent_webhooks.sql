-- The newest ids of the journal; one that is missing among them may still be under way.
SELECT id FROM webhooks WHERE id > :after ORDER BY id
