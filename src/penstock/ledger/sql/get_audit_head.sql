SELECT entries, digest, (SELECT coalesce(max(number), 0) FROM audit_log) FROM audit_head
