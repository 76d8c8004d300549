UPDATE numbers SET removed_at = :now WHERE id = :id
