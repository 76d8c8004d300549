SELECT s.phone_number_id, max(a.name), count(*), min(w.received_at), max(w.received_at)
FROM strays s JOIN webhooks w ON w.id = s.webhook_id LEFT JOIN apps a ON a.id = w.app_id
GROUP BY s.phone_number_id ORDER BY s.phone_number_id
