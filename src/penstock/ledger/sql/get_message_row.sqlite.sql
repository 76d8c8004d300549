SELECT id, kind, conversation_id FROM messages WHERE number_id = :number_id AND wamid = :wamid
