UPDATE incidents SET state = 'open', opened_at = :now, why = :why, rate = :rate, onset_at = :onset_at
WHERE id = :id AND state = 'suspected' RETURNING id
