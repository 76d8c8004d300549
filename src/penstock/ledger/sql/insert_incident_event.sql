INSERT INTO incident_events (incident_id, at, kind, actor, text, data)
VALUES (:incident_id, :at, :kind, :actor, :text, :data)
