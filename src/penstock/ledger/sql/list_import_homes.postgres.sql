-- The places that were held for imports of the very files that messages of a JSON list of rows have.
SELECT DISTINCT g.id FROM media m JOIN media o ON o.media_id = m.media_id AND o.number_id = m.number_id AND o.id <> m.id
JOIN messages g ON g.id = o.message_row
WHERE m.message_row = ANY (ARRAY (SELECT value::bigint FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) AS t (value)))
  AND m.media_id <> '' AND m.stage <> 'erased' AND g.wamid LIKE 'import:%' ORDER BY g.id
