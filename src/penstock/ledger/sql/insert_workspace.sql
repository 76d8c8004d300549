INSERT INTO workspaces (name, is_test, created_at) VALUES (:name, :is_test, :now)
