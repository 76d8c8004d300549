-- Bodies in quarantine for a number that the app which it is registered with signed; how long each is.
SELECT w.id, length(w.body) FROM numbers n JOIN strays s ON s.phone_number_id = n.phone_number_id AND s.app_id = n.app_id
JOIN webhooks w ON w.id = s.webhook_id
WHERE n.phone_number_id = :phone_number_id AND n.removed_at IS NULL AND s.webhook_id > :after
ORDER BY s.webhook_id LIMIT :limit
