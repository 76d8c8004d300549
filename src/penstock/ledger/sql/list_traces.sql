SELECT id, scope_kind, scope_value, by_whom, why, since, until, most_exchanges, most_bytes, exchanges, bytes, dropped, ended_at,
  ended_by, ended_why FROM traces ORDER BY id DESC LIMIT :limit
