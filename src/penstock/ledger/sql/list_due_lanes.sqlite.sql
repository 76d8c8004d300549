-- The lanes that have something ready, however much: from one to the next by the index, never through what is in them.
-- Three steps in a row, because SQLite searches by the first of several columns only when they are compared as one.
WITH RECURSIVE first (media_row, workspace_id, number_id, kind) AS (
  SELECT media_row, workspace_id, number_id, kind FROM fetches WHERE media_row = (
    SELECT media_row FROM fetches WHERE turn = 'ready' ORDER BY workspace_id, number_id, kind, deadline LIMIT 1)
  UNION ALL
  SELECT f.media_row, f.workspace_id, f.number_id, f.kind FROM first d JOIN fetches f ON f.media_row = coalesce(
    (SELECT x.media_row FROM fetches x
      WHERE x.turn = 'ready' AND x.workspace_id = d.workspace_id AND x.number_id = d.number_id AND x.kind > d.kind
      ORDER BY x.kind, x.deadline LIMIT 1),
    (SELECT x.media_row FROM fetches x
      WHERE x.turn = 'ready' AND x.workspace_id = d.workspace_id AND x.number_id > d.number_id
      ORDER BY x.number_id, x.kind, x.deadline LIMIT 1),
    (SELECT x.media_row FROM fetches x
      WHERE x.turn = 'ready' AND x.workspace_id > d.workspace_id
      ORDER BY x.workspace_id, x.number_id, x.kind, x.deadline LIMIT 1)))
SELECT d.workspace_id, d.number_id, d.kind, w.name, a.name, c.name, n.phone_number_id
FROM first d JOIN workspaces w ON w.id = d.workspace_id JOIN numbers n ON n.id = d.number_id
JOIN apps a ON a.id = n.app_id JOIN credentials c ON c.id = n.credential_id
