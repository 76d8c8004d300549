SELECT w.id, w.app_id, w.received_at, w.body FROM strays s JOIN webhooks w ON w.id = s.webhook_id
WHERE s.phone_number_id = :phone_number_id AND w.id > :after ORDER BY w.id LIMIT :limit
