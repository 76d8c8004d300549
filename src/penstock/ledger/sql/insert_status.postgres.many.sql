-- Many statuses, each once; 1 for each that is new, and 0 for each that was there already.
WITH given AS MATERIALIZED (
  SELECT * FROM unnest((SELECT CAST(:number_id AS bigint[])), (SELECT CAST(:wamid AS text[])),
    (SELECT CAST(:status AS text[])),
    (SELECT CAST(:recipient AS text[])), (SELECT CAST(:at AS float8[])),
    (SELECT CAST(:error_code AS bigint[])), (SELECT CAST(:error_text AS text[])),
    (SELECT CAST(:webhook_id AS bigint[])))
    WITH ORDINALITY AS t (number_id, wamid, status, recipient, at, error_code, error_text, webhook_id, place)),
done AS (
  INSERT INTO statuses (number_id, wamid, status, recipient, at, error_code, error_text, webhook_id)
  SELECT number_id, wamid, status, recipient, at, error_code, error_text, webhook_id FROM given ORDER BY place
  ON CONFLICT DO NOTHING RETURNING number_id, wamid, status, recipient)
SELECT CASE WHEN d.wamid IS NOT NULL
  AND g.place = min(g.place) OVER (PARTITION BY g.number_id, g.wamid, g.status, g.recipient) THEN 1 ELSE 0 END
FROM given g LEFT JOIN done d
  ON d.number_id = g.number_id AND d.wamid = g.wamid AND d.status = g.status AND d.recipient = g.recipient
ORDER BY g.place
