SELECT id, scope_kind, scope_value, by_whom, why, since, until, most_exchanges, most_bytes, exchanges, bytes, dropped, ended_at,
  ended_by, ended_why FROM traces WHERE ended_at IS NULL AND until > :now ORDER BY id
