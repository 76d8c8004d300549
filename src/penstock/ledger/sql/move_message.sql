UPDATE messages SET conversation_id = :conversation_id WHERE id = :id
