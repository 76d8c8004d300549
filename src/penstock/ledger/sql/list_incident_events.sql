SELECT id, incident_id, at, kind, actor, text, data FROM incident_events WHERE incident_id = :incident_id ORDER BY at, id
