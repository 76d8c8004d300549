-- A lease, and a fence that rises.
UPDATE fetches SET turn = 'taken', owner = :owner, lease_until = :lease_until, fence = fence + 1
WHERE media_row IN (SELECT value FROM json_each(:ids)) AND turn = 'ready' RETURNING 1
