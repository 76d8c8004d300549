DELETE FROM imports WHERE number_id = :number_id AND wamid = :wamid AND media_id = :media_id
