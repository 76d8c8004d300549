-- There is one writer at a time anyway.
SELECT id FROM conversations WHERE id = :id
