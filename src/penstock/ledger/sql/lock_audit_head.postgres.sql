-- Entries are added by one transaction at a time, and each sees the one before it.
SELECT entries, digest FROM audit_head FOR UPDATE
