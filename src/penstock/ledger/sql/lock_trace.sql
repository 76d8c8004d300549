-- Held until the commit: how full a trace is must be true for whoever fills it.
UPDATE traces SET dropped = dropped + :dropped WHERE id = :id RETURNING id, scope_kind, scope_value, by_whom, why, since, until, most_exchanges, most_bytes, exchanges, bytes, dropped, ended_at,
  ended_by, ended_why
