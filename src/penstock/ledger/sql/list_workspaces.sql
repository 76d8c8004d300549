SELECT id, name, is_test, created_at FROM workspaces ORDER BY name
