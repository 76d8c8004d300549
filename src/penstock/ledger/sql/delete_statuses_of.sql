DELETE FROM statuses WHERE number_id = :number_id AND wamid = :wamid
