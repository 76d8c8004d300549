UPDATE fetches SET turn = 'later', owner = NULL, lease_until = NULL, due_at = :due_at, attempts = attempts + 1,
  url = :url, url_expires_at = :url_expires_at, outcome = :outcome, reason = :reason
WHERE media_row = :media_row AND fence = :fence AND turn = 'taken' RETURNING attempts
