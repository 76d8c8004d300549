INSERT INTO gates (scope_kind, scope_value, owner, opening, overrides, by_whom, why, since, until)
VALUES (:scope_kind, :scope_value, :owner, :opening, :overrides, :by_whom, :why, :now, :until)
ON CONFLICT (scope_kind, scope_value, owner) DO UPDATE SET opening = excluded.opening, overrides = excluded.overrides,
  by_whom = excluded.by_whom, why = excluded.why, since = excluded.since, until = excluded.until
RETURNING id
