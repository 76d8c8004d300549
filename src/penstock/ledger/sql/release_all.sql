UPDATE fetches SET owner = NULL, lease_until = NULL WHERE owner IS NOT NULL RETURNING media_row
