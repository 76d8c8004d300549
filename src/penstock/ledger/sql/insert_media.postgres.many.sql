-- Many files, each once per message and media id; the id of each, or nothing where it was there already.
WITH given AS MATERIALIZED (
  SELECT * FROM unnest((SELECT CAST(:workspace_id AS bigint[])), (SELECT CAST(:number_id AS bigint[])),
    (SELECT CAST(:message_row AS bigint[])),
    (SELECT CAST(:media_id AS text[])), (SELECT CAST(:kind AS text[])), (SELECT CAST(:declared_mime_type AS text[])),
    (SELECT CAST(:declared_sha256 AS bytea[])), (SELECT CAST(:declared_size AS bigint[])),
    (SELECT CAST(:filename AS text[])),
    (SELECT CAST(:voice AS integer[])), (SELECT CAST(:animated AS integer[])),
    (SELECT CAST(:received_at AS float8[])), (SELECT CAST(:deadline AS float8[])),
    (SELECT CAST(:stage AS text[])), (SELECT CAST(:ended_at AS float8[])),
    (SELECT CAST(:outcome AS text[])), (SELECT CAST(:reason AS text[])))
    WITH ORDINALITY AS t (workspace_id, number_id, message_row, media_id, kind, declared_mime_type, declared_sha256,
    declared_size, filename, voice, animated, received_at, deadline, stage, ended_at, outcome, reason, place)),
done AS (
  INSERT INTO media (workspace_id, number_id, message_row, media_id, kind, declared_mime_type, declared_sha256,
    declared_size, filename, voice, animated, received_at, deadline, stage, ended_at, outcome, reason)
  SELECT workspace_id, number_id, message_row, media_id, kind, declared_mime_type, declared_sha256,
    declared_size, filename, voice, animated, received_at, deadline, stage, ended_at, outcome, reason
  FROM given ORDER BY place
  ON CONFLICT (message_row, media_id) DO NOTHING RETURNING id, message_row, media_id)
SELECT CASE WHEN g.place = min(g.place) OVER (PARTITION BY g.message_row, g.media_id) THEN d.id END
FROM given g LEFT JOIN done d ON d.message_row = g.message_row AND d.media_id = g.media_id ORDER BY g.place
