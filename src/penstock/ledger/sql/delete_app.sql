DELETE FROM apps WHERE id = :id
