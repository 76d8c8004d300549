SELECT id, incident_id, at, kind, actor, text, data FROM incident_events WHERE id > :after ORDER BY id LIMIT :limit
