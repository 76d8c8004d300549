SELECT t.id, t.name, t.origin, t.since, t.position, t.heard, t.told, t.told_at, t.passed_over, t.attempts, t.next_at,
  t.error, t.lasting, t.failing_since, (SELECT count(*) FROM incident_events AS e WHERE e.id > t.position)
FROM alert_targets AS t ORDER BY t.name, t.id
