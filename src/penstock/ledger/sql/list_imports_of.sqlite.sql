-- Imported media ids of messages: a JSON list of [number, wamid].
SELECT i.number_id, i.wamid, i.media_id FROM json_each(:messages) t
CROSS JOIN imports i ON i.number_id = t.value->>0 AND i.wamid = t.value->>1
