-- Messages of a JSON list of rows that are not gone yet.
SELECT id, number_id, wamid, conversation_id FROM messages
WHERE id IN (SELECT value FROM json_each(:ids)) AND kind <> 'erased' ORDER BY id
