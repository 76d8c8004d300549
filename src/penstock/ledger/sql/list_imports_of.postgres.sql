-- Imported media ids of messages: a JSON list of [number, wamid].
SELECT i.number_id, i.wamid, i.media_id FROM jsonb_array_elements(CAST(:messages AS jsonb)) AS t (value)
JOIN imports i ON i.number_id = (t.value->>0)::bigint AND i.wamid = t.value->>1
