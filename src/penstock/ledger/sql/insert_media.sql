-- A file once per message and media id; the message's row stands for the number and Meta's id of the message.
INSERT INTO media (workspace_id, number_id, message_row, media_id, kind, declared_mime_type, declared_sha256, declared_size,
  filename, voice, animated, received_at, deadline, stage, ended_at, outcome, reason)
VALUES (:workspace_id, :number_id, :message_row, :media_id, :kind, :declared_mime_type, :declared_sha256, :declared_size,
  :filename, :voice, :animated, :received_at, :deadline, :stage, :ended_at, :outcome, :reason)
ON CONFLICT (message_row, media_id) DO NOTHING RETURNING id
