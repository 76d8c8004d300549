SELECT number, at, entry, digest FROM audit_log WHERE at >= :since AND at <= :until ORDER BY number LIMIT :limit
