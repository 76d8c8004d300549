-- The bytes of many files are there: each row's end, its event and its conversation's seq at once. For each, how often it
-- was tried, nothing where the lease was lost; and whether the feed was told: not where a conversation is just being merged
-- into another one. Rows are locked in the order of their ids, as everybody does.
WITH given AS MATERIALIZED (
  SELECT * FROM unnest((SELECT CAST(:media_row AS bigint[])), (SELECT CAST(:fence AS bigint[])),
    (SELECT CAST(:now AS float8[])),
    (SELECT CAST(:size AS bigint[])), (SELECT CAST(:sha256 AS bytea[])), (SELECT CAST(:content_type AS text[])))
    WITH ORDINALITY AS t (media_row, fence, at, size, sha256, content_type, place)),
held AS (
  SELECT f.media_row FROM fetches f WHERE f.media_row IN (SELECT media_row FROM given) ORDER BY f.media_row FOR UPDATE),
done AS (
  DELETE FROM fetches f USING given g JOIN held h ON h.media_row = g.media_row WHERE f.media_row = h.media_row AND f.fence = g.fence AND f.turn = 'taken'
  RETURNING g.place, g.media_row, g.at, g.size, g.sha256, g.content_type, f.workspace_id, f.attempts + 1 AS made),
kept AS (
  UPDATE media m SET stage = 'attached', ended_at = d.at, outcome = NULL, reason = NULL, attempts = d.made, size = d.size,
    sha256 = d.sha256, content_type = d.content_type
  FROM done d WHERE m.id = d.media_row RETURNING d.place, m.message_row),
said AS (
  SELECT k.place, x.conversation_id, row_number() OVER (PARTITION BY x.conversation_id ORDER BY k.place) AS nth
  FROM kept k JOIN messages x ON x.id = k.message_row),
locked AS (
  SELECT c.id FROM conversations c WHERE c.id IN (SELECT conversation_id FROM said) ORDER BY c.id FOR NO KEY UPDATE),
raised AS (
  UPDATE conversations c SET seq = c.seq + k.more
  FROM (SELECT conversation_id, max(nth) AS more FROM said GROUP BY conversation_id) k
    JOIN locked l ON l.id = k.conversation_id
  WHERE c.id = l.id RETURNING c.id, c.seq - k.more AS before),
told AS (
  INSERT INTO events (workspace_id, kind, at, conversation_id, seq, media_row)
  SELECT d.workspace_id, 'media.attached', d.at, r.id, r.before + s.nth, d.media_row
  FROM done d JOIN said s ON s.place = d.place LEFT JOIN raised r ON r.id = s.conversation_id
  WHERE r.id IS NOT NULL OR s.conversation_id = 0 ORDER BY d.place RETURNING media_row)
SELECT d.made, t.media_row IS NOT NULL
FROM given g LEFT JOIN done d ON d.place = g.place LEFT JOIN told t ON t.media_row = d.media_row ORDER BY g.place
