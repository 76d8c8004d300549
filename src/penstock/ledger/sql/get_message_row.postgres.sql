-- Held until the commit: what is known of a message is decided by one at a time.
SELECT id, kind, conversation_id FROM messages WHERE number_id = :number_id AND wamid = :wamid FOR UPDATE
