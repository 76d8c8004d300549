SELECT EXISTS (SELECT 1 FROM messages WHERE conversation_id = :conversation_id)
