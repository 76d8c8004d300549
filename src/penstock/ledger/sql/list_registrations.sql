-- Every registration that there ever was, for the audit.
SELECT n.id, n.phone_number_id, w.name FROM numbers n JOIN workspaces w ON w.id = n.workspace_id
