DELETE FROM workspaces WHERE id = :id
