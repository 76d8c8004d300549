-- There is one writer at a time anyway.
SELECT id FROM numbers WHERE id = :number_id
