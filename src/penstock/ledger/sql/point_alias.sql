-- Let an alias lead to a conversation, wherever it led before.
INSERT INTO aliases (number_id, alias, conversation_id) VALUES (:number_id, :alias, :conversation_id)
ON CONFLICT (number_id, alias) DO UPDATE SET conversation_id = excluded.conversation_id
