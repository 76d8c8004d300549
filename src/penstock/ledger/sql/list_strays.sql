SELECT s.phone_number_id, (SELECT a.name FROM apps a WHERE a.id = max(s.app_id)), count(*), min(s.received_at), max(s.received_at)
FROM strays s GROUP BY s.phone_number_id ORDER BY s.phone_number_id
