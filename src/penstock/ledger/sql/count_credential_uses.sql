SELECT count(*) FROM numbers WHERE credential_id = :id
