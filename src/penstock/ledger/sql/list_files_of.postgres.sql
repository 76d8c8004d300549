-- The files of messages of a JSON list of rows.
SELECT id, message_row, media_id, stage FROM media
WHERE message_row = ANY (ARRAY (SELECT value::bigint FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) AS t (value)))
ORDER BY id
