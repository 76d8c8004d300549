SELECT id, name, is_test, created_at, keep_bodies, keep_messages, keep_files, keep_attempts FROM workspaces ORDER BY name
