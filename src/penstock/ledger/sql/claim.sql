-- Take what is due, earliest deadline first: a lease, and a fence that rises.
UPDATE fetches SET owner = :owner, lease_until = :lease_until, fence = fence + 1
WHERE media_row IN (
  SELECT media_row FROM fetches WHERE owner IS NULL AND due_at <= :now ORDER BY deadline, media_row LIMIT :limit)
RETURNING media_row, fence
