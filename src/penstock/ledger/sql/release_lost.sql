UPDATE fetches SET owner = NULL, lease_until = NULL
WHERE media_row IN (SELECT media_row FROM fetches WHERE owner IS NOT NULL AND lease_until < :now LIMIT 500)
RETURNING media_row
