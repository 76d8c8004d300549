-- Prolong leases: a JSON list of [item, fence]. What is not returned was lost.
UPDATE fetches SET lease_until = :lease_until
FROM (SELECT (value->>0)::bigint AS media_row, (value->>1)::bigint AS fence
  FROM jsonb_array_elements(CAST(:claims AS jsonb)) AS j (value)) t
WHERE fetches.media_row = t.media_row AND fetches.fence = t.fence AND fetches.owner = :owner AND fetches.turn = 'taken'
RETURNING fetches.media_row
