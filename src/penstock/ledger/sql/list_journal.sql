-- The journal as the audit reads it.
SELECT id, numbers, body FROM webhooks WHERE id > :after ORDER BY id LIMIT :limit
