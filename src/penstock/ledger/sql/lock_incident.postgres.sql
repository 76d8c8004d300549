SELECT id FROM incidents WHERE id = :id FOR UPDATE
