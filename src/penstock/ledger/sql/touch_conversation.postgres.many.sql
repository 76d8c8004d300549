-- More messages of many conversations, each of which is named once: their next seqs and their last lines. Their rows are
-- locked in the order of their ids, as everybody does.
WITH given AS MATERIALIZED (
  SELECT * FROM unnest((SELECT CAST(:more AS bigint[])), (SELECT CAST(:sent_at AS float8[])),
    (SELECT CAST(:text AS text[])), (SELECT CAST(:kind AS text[])),
    (SELECT CAST(:direction AS text[])), (SELECT CAST(:title AS text[])), (SELECT CAST(:conversation_id AS bigint[])))
    AS t (more, sent_at, text, kind, direction, title, conversation_id)),
locked AS (
  SELECT c.id FROM conversations c WHERE c.id IN (SELECT conversation_id FROM given) ORDER BY c.id FOR NO KEY UPDATE)
UPDATE conversations c SET seq = c.seq + t.more,
  last_at = greatest(c.last_at, t.sent_at),
  last_text = CASE WHEN t.sent_at >= c.last_at THEN t.text ELSE c.last_text END,
  last_kind = CASE WHEN t.sent_at >= c.last_at THEN t.kind ELSE c.last_kind END,
  last_direction = CASE WHEN t.sent_at >= c.last_at THEN t.direction ELSE c.last_direction END,
  title = CASE WHEN t.title <> '' THEN t.title ELSE c.title END
FROM given t JOIN locked l ON l.id = t.conversation_id WHERE c.id = l.id
