-- Messages of a JSON list of rows that are not gone yet, held until the commit.
SELECT id, number_id, wamid, conversation_id FROM messages
WHERE id = ANY (ARRAY (SELECT value::bigint FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) AS t (value)))
  AND kind <> 'erased' ORDER BY id FOR UPDATE
