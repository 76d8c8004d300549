SELECT number, at, entry, digest FROM audit_log WHERE number > :after AND number <= :last ORDER BY number LIMIT :limit
