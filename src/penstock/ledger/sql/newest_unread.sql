SELECT count(*), max(received_at)
FROM (SELECT received_at FROM webhooks WHERE problems IS NOT NULL ORDER BY id DESC LIMIT :limit) newest
