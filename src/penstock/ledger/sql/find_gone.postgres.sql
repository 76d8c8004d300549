-- Which of a JSON list of names are those of messages that are gone.
SELECT number_id, wamid FROM messages
WHERE wamid = ANY (ARRAY (SELECT value FROM jsonb_array_elements_text(CAST(:names AS jsonb)) AS t (value)))
