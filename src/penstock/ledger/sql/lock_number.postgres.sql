-- New names of a number's customers are given out by one transaction at a time.
SELECT id FROM numbers WHERE id = :number_id FOR NO KEY UPDATE
