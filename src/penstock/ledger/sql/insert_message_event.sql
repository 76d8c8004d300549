-- An event of a conversation with the seq that the conversation has come to; none when the conversation is gone.
INSERT INTO events (workspace_id, kind, at, message_row, media_row, conversation_id, seq)
SELECT :workspace_id, :kind, :at, :message_row, :media_row, id, seq FROM conversations WHERE id = :conversation_id RETURNING 1
