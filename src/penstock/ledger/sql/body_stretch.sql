-- Where so many bodies behind a place end, and how many there are.
SELECT coalesce(max(id), 0), count(*) FROM (SELECT id FROM webhooks WHERE id > :after ORDER BY id LIMIT :limit) stretch
