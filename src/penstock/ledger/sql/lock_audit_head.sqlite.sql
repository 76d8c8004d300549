-- There is one writer at a time anyway.
SELECT entries, digest FROM audit_head
