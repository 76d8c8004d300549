DELETE FROM conversations WHERE id = :id
