SELECT id FROM messages WHERE number_id = :number_id AND wamid = :wamid
