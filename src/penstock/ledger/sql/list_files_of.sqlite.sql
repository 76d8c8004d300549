-- The files of messages of a JSON list of rows.
SELECT id, message_row, media_id, stage FROM media WHERE message_row IN (SELECT value FROM json_each(:ids)) ORDER BY id
