SELECT count(*) FROM numbers WHERE app_id = :id
