-- Bodies by row: when they came, for which registrations, how long they are, and whether they are in quarantine.
SELECT w.id, w.received_at, w.numbers, length(w.body), EXISTS (SELECT 1 FROM strays s WHERE s.webhook_id = w.id)
FROM webhooks w WHERE w.id > :after AND w.id <= :last ORDER BY w.id LIMIT :limit
