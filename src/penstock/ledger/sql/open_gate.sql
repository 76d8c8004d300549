DELETE FROM gates WHERE scope_kind = :scope_kind AND scope_value = :scope_value AND owner = :owner RETURNING id
