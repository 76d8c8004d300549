-- The work on files of a JSON list of rows is over, whoever has it; until when it is leased.
DELETE FROM fetches
WHERE media_row = ANY (ARRAY (SELECT value::bigint FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) AS t (value)))
RETURNING media_row, lease_until
