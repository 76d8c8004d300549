INSERT INTO traces (scope_kind, scope_value, by_whom, why, since, until, most_exchanges, most_bytes)
VALUES (:scope_kind, :scope_value, :by_whom, :why, :now, :until, :most_exchanges, :most_bytes) RETURNING id
