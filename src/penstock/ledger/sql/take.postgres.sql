-- A lease, and a fence that rises.
UPDATE fetches SET turn = 'taken', owner = :owner, lease_until = :lease_until, fence = fence + 1
WHERE media_row = ANY (ARRAY (SELECT value::bigint FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) AS t (value)))
  AND turn = 'ready' RETURNING 1
