-- Prolong leases: a JSON list of [item, fence]. What is not returned was lost. Rows are locked in the order of their ids, as
-- whoever settles does.
WITH named AS (SELECT (value->>0)::bigint AS media_row, (value->>1)::bigint AS fence
  FROM jsonb_array_elements(CAST(:claims AS jsonb)) AS j (value)),
held AS (
  SELECT f.media_row FROM fetches f JOIN named n ON n.media_row = f.media_row AND n.fence = f.fence
  WHERE f.owner = :owner AND f.turn = 'taken' ORDER BY f.media_row FOR NO KEY UPDATE OF f)
UPDATE fetches SET lease_until = :lease_until FROM held WHERE fetches.media_row = held.media_row
RETURNING fetches.media_row
