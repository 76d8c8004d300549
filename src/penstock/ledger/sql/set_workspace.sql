UPDATE workspaces SET is_test = :is_test, keep_bodies = :keep_bodies, keep_messages = :keep_messages,
  keep_files = :keep_files, keep_attempts = :keep_attempts WHERE id = :id
