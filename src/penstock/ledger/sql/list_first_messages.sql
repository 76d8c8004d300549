SELECT id FROM messages WHERE conversation_id = :conversation_id ORDER BY sent_at, id LIMIT :limit
