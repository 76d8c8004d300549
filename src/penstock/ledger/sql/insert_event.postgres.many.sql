INSERT INTO events (workspace_id, kind, at, conversation_id, seq, message_row, media_row)
SELECT t.workspace_id, t.kind, t.at, t.conversation_id, t.seq, t.message_row, t.media_row
FROM unnest((SELECT CAST(:workspace_id AS bigint[])), (SELECT CAST(:kind AS text[])), (SELECT CAST(:at AS float8[])),
  (SELECT CAST(:conversation_id AS bigint[])), (SELECT CAST(:seq AS bigint[])),
    (SELECT CAST(:message_row AS bigint[])), (SELECT CAST(:media_row AS bigint[])))
  WITH ORDINALITY AS t (workspace_id, kind, at, conversation_id, seq, message_row, media_row, place)
ORDER BY t.place
