-- Take what is ready, earliest deadline first: a lease, and a fence that rises.
UPDATE fetches SET turn = 'taken', owner = :owner, lease_until = :lease_until, fence = fence + 1
WHERE media_row IN (
  SELECT media_row FROM fetches WHERE turn = 'ready' ORDER BY deadline, media_row LIMIT :limit)
RETURNING media_row, fence
