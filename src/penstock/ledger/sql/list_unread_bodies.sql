SELECT id, length(body) FROM webhooks WHERE problems IS NOT NULL AND id > :after ORDER BY id LIMIT :limit
