SELECT number, at, entry, digest FROM audit_log WHERE number < :before AND at >= :since ORDER BY number DESC LIMIT :limit
