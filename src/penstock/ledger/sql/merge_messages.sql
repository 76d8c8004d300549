UPDATE messages SET conversation_id = :kept WHERE conversation_id = :dropped
