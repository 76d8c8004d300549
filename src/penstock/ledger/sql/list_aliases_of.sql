SELECT alias FROM aliases WHERE conversation_id = :conversation_id ORDER BY alias
