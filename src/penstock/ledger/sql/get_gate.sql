SELECT id, scope_kind, scope_value, opening, owner, by_whom, why, since, until, overrides FROM gates
WHERE scope_kind = :scope_kind AND scope_value = :scope_value AND owner = :owner
