-- A new target is told of what happens from now on, not of the past.
INSERT INTO alert_targets (id, name, origin, since, position)
VALUES (:id, :name, :origin, :now, coalesce((SELECT max(id) FROM incident_events), 0))
ON CONFLICT (id) DO UPDATE SET name = excluded.name
