-- Held until the commit: several items are settled by one transaction, and renewed by another.
SELECT media_row FROM fetches
WHERE media_row = ANY (ARRAY (SELECT value::bigint FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) AS t (value)))
ORDER BY media_row FOR UPDATE
