-- The places that were held for imports of the very files that messages of a JSON list of rows have.
SELECT DISTINCT g.id FROM json_each(:ids) t CROSS JOIN media m ON m.message_row = t.value
CROSS JOIN media o ON o.media_id = m.media_id AND o.number_id = m.number_id AND o.id <> m.id
CROSS JOIN messages g ON g.id = o.message_row
WHERE m.media_id <> '' AND m.stage <> 'erased' AND g.wamid LIKE 'import:%' ORDER BY g.id
