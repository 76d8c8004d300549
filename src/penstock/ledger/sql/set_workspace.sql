UPDATE workspaces SET is_test = :is_test WHERE id = :id
