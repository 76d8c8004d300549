-- Prolong leases: a JSON list of [item, fence]. What is not returned was lost.
UPDATE fetches SET lease_until = :lease_until FROM json_each(:claims) t
WHERE fetches.media_row = t.value->>0 AND fetches.fence = t.value->>1 AND fetches.owner = :owner
  AND fetches.turn = 'taken'
RETURNING fetches.media_row
