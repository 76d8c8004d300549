INSERT INTO events (workspace_id, kind, at, conversation_id, seq, message_row, media_row)
VALUES (:workspace_id, :kind, :at, :conversation_id, :seq, :message_row, :media_row)
