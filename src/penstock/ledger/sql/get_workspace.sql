SELECT id, name, is_test, created_at FROM workspaces WHERE name = :name
