-- An event of a conversation with the seq that the conversation has come to; none when the conversation is gone.
INSERT INTO events (workspace_id, kind, at, conversation_id, seq, message_row, media_row)
SELECT :workspace_id, :kind, :at, id, seq, :message_row, :media_row FROM conversations WHERE id = :conversation_id RETURNING 1
