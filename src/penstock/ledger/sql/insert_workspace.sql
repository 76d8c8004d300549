INSERT INTO workspaces (name, is_test, created_at, keep_bodies, keep_messages, keep_files, keep_attempts)
VALUES (:name, :is_test, :now, :keep_bodies, :keep_messages, :keep_files, :keep_attempts)
