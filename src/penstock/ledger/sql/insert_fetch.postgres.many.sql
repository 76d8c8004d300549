-- Put many media items to work, at once.
INSERT INTO fetches (media_row, workspace_id, number_id, kind, turn, due_at, received_at, deadline, url, url_expires_at)
SELECT t.media_row, t.workspace_id, t.number_id, t.kind, 'ready', t.due_at, t.received_at, t.deadline, t.url, t.url_expires_at
FROM unnest((SELECT CAST(:media_row AS bigint[])), (SELECT CAST(:workspace_id AS bigint[])),
  (SELECT CAST(:number_id AS bigint[])),
  (SELECT CAST(:kind AS text[])), (SELECT CAST(:due_at AS float8[])),
    (SELECT CAST(:received_at AS float8[])), (SELECT CAST(:deadline AS float8[])),
  (SELECT CAST(:url AS text[])), (SELECT CAST(:url_expires_at AS float8[])))
  AS t (media_row, workspace_id, number_id, kind, due_at, received_at, deadline, url, url_expires_at)
