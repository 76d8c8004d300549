-- The journal in the order of arrival, up to a place; how long each body is.
SELECT id, length(body) FROM webhooks WHERE id > :after AND id <= :until ORDER BY id LIMIT :limit
