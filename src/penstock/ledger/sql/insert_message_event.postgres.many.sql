-- Events of conversations, each with its seq; 1 for each, and 0 where the conversation is gone.
WITH given AS MATERIALIZED (
  SELECT * FROM unnest((SELECT CAST(:workspace_id AS bigint[])), (SELECT CAST(:kind AS text[])),
    (SELECT CAST(:at AS float8[])),
    (SELECT CAST(:message_row AS bigint[])), (SELECT CAST(:media_row AS bigint[])), (SELECT CAST(:behind AS bigint[])),
    (SELECT CAST(:conversation_id AS bigint[])))
    WITH ORDINALITY AS t (workspace_id, kind, at, message_row, media_row, behind, conversation_id, place)),
done AS (
  INSERT INTO events (workspace_id, kind, at, message_row, media_row, conversation_id, seq)
  SELECT g.workspace_id, g.kind, g.at, g.message_row, g.media_row, c.id, c.seq - g.behind
  FROM given g JOIN conversations c ON c.id = g.conversation_id ORDER BY g.place
  RETURNING message_row)
SELECT CASE WHEN d.message_row IS NULL THEN 0 ELSE 1 END
FROM given g LEFT JOIN done d ON d.message_row = g.message_row ORDER BY g.place
