-- Many messages, each once per number; the id of each, or nothing where it was there already.
WITH given AS MATERIALIZED (
  SELECT * FROM unnest((SELECT CAST(:workspace_id AS bigint[])), (SELECT CAST(:number_id AS bigint[])),
    (SELECT CAST(:wamid AS text[])),
    (SELECT CAST(:conversation_id AS bigint[])), (SELECT CAST(:webhook_id AS bigint[])),
    (SELECT CAST(:direction AS text[])), (SELECT CAST(:kind AS text[])),
    (SELECT CAST(:sent_at AS float8[])), (SELECT CAST(:now AS float8[])),
    (SELECT CAST(:sender AS text[])), (SELECT CAST(:sender_name AS text[])),
    (SELECT CAST(:text AS text[])), (SELECT CAST(:reply_to AS text[])),
    (SELECT CAST(:original_wamid AS text[])), (SELECT CAST(:history AS integer[])),
    (SELECT CAST(:error_code AS bigint[])), (SELECT CAST(:error_text AS text[])), (SELECT CAST(:payload AS bytea[])))
    WITH ORDINALITY AS t (workspace_id, number_id, wamid, conversation_id, webhook_id, direction, kind, sent_at, received_at,
    sender, sender_name, text, reply_to, original_wamid, history, error_code, error_text, payload, place)),
done AS (
  INSERT INTO messages (workspace_id, number_id, wamid, conversation_id, webhook_id, direction, kind, sent_at, received_at,
    sender, sender_name, text, reply_to, original_wamid, history, error_code, error_text, payload)
  SELECT workspace_id, number_id, wamid, conversation_id, webhook_id, direction, kind, sent_at, received_at,
    sender, sender_name, text, reply_to, original_wamid, history, error_code, error_text, payload
  FROM given ORDER BY place
  ON CONFLICT (wamid, number_id) DO NOTHING RETURNING id, wamid, number_id)
SELECT CASE WHEN g.place = min(g.place) OVER (PARTITION BY g.wamid, g.number_id) THEN d.id END
FROM given g LEFT JOIN done d ON d.wamid = g.wamid AND d.number_id = g.number_id ORDER BY g.place
