-- Journal many signed bodies; their ids in the order of the bodies.
WITH done AS (
  INSERT INTO webhooks (app_id, received_at, signature, numbers, problems, body)
  SELECT t.app_id, t.at, t.signature, t.numbers, t.problems, t.body
  FROM unnest((SELECT CAST(:app_id AS bigint[])), (SELECT CAST(:now AS float8[])),
    (SELECT CAST(:signature AS text[])), (SELECT CAST(:numbers AS text[])),
    (SELECT CAST(:problems AS text[])), (SELECT CAST(:body AS bytea[])))
    WITH ORDINALITY AS t (app_id, at, signature, numbers, problems, body, place)
  ORDER BY t.place RETURNING id)
SELECT id FROM done ORDER BY id
