SELECT id, scope_kind, scope_value, opening, owner, by_whom, why, since, until, overrides FROM gates
WHERE until IS NULL OR until > :now ORDER BY id
