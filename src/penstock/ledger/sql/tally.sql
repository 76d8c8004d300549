-- How many items of each workspace stand where, from the index alone: all, waiting, fetching, attached, expired, failed, erased.
SELECT w.name,
  (SELECT count(*) FROM media m WHERE m.workspace_id = w.id),
  (SELECT count(*) FROM media m WHERE m.workspace_id = w.id AND m.stage = 'open')
    - (SELECT count(*) FROM fetches f WHERE f.workspace_id = w.id AND f.turn = 'taken'),
  (SELECT count(*) FROM fetches f WHERE f.workspace_id = w.id AND f.turn = 'taken'),
  (SELECT count(*) FROM media m WHERE m.workspace_id = w.id AND m.stage = 'attached'),
  (SELECT count(*) FROM media m WHERE m.workspace_id = w.id AND m.stage = 'expired'),
  (SELECT count(*) FROM media m WHERE m.workspace_id = w.id AND m.stage = 'failed'),
  (SELECT count(*) FROM media m WHERE m.workspace_id = w.id AND m.stage = 'erased')
FROM workspaces w ORDER BY w.name
