-- The next seqs of the conversations that files' messages belong to, in the order of the files; nothing for an import that
-- has no conversation, and for a conversation that has just been merged into another one.
WITH given AS MATERIALIZED (
  SELECT t.place, x.conversation_id, row_number() OVER (PARTITION BY x.conversation_id ORDER BY t.place) AS nth
  FROM unnest((SELECT CAST(:media_row AS bigint[]))) WITH ORDINALITY AS t (media_row, place)
  LEFT JOIN media m ON m.id = t.media_row LEFT JOIN messages x ON x.id = m.message_row),
locked AS (
  SELECT c.id FROM conversations c WHERE c.id IN (SELECT conversation_id FROM given) ORDER BY c.id FOR NO KEY UPDATE),
raised AS (
  UPDATE conversations c SET seq = c.seq + k.more
  FROM (SELECT conversation_id, max(nth) AS more FROM given GROUP BY conversation_id) k
    JOIN locked l ON l.id = k.conversation_id
  WHERE c.id = l.id RETURNING c.id, c.seq - k.more AS before)
SELECT r.id, r.before + g.nth FROM given g LEFT JOIN raised r ON r.id = g.conversation_id ORDER BY g.place
