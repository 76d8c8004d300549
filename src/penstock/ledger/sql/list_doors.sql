-- What each app's webhooks met since a minute.
SELECT coalesce(a.name, ''), d.taken, d.refused, d.ours, d.first
FROM (SELECT app_id, sum(taken) AS taken, sum(refused) AS refused, sum(ours) AS ours,
        min(CASE WHEN refused > 0 THEN minute END) AS first
      FROM door_minutes WHERE minute >= :since GROUP BY app_id) d
LEFT JOIN apps a ON a.id = d.app_id ORDER BY 1
