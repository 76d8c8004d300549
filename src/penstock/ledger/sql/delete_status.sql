DELETE FROM statuses WHERE number_id = :number_id AND wamid = :wamid AND status = :status AND recipient = :recipient RETURNING 1
