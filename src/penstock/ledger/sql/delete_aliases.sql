DELETE FROM aliases WHERE conversation_id = :conversation_id
