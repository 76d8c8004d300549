-- An event of a conversation with the seq that the conversation has come to, less what comes behind it in the same group;
-- none when the conversation is gone.
INSERT INTO events (workspace_id, kind, at, message_row, media_row, conversation_id, seq)
SELECT :workspace_id, :kind, :at, :message_row, :media_row, id, seq - :behind FROM conversations WHERE id = :conversation_id RETURNING 1
