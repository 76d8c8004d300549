-- What is in quarantine, by number.
SELECT s.phone_number_id, a.name, s.bodies, s.first_at, s.last_at
FROM (SELECT phone_number_id, max(app_id) AS app_id, count(*) AS bodies, min(received_at) AS first_at, max(received_at) AS last_at
      FROM strays GROUP BY phone_number_id) s
LEFT JOIN apps a ON a.id = s.app_id ORDER BY s.phone_number_id
