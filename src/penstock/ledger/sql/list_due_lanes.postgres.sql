-- The lanes that have something ready, however much: from one to the next by the index, never through what is in them.
WITH RECURSIVE first AS (
  (SELECT workspace_id, number_id, kind FROM fetches WHERE turn = 'ready'
    ORDER BY workspace_id, number_id, kind LIMIT 1)
  UNION ALL
  SELECT f.workspace_id, f.number_id, f.kind FROM first d CROSS JOIN LATERAL (
    SELECT x.workspace_id, x.number_id, x.kind FROM fetches x
    WHERE x.turn = 'ready' AND (x.workspace_id, x.number_id, x.kind) > (d.workspace_id, d.number_id, d.kind)
    ORDER BY x.workspace_id, x.number_id, x.kind LIMIT 1) f)
SELECT d.workspace_id, d.number_id, d.kind, w.name, a.name, c.name, n.phone_number_id
FROM first d JOIN workspaces w ON w.id = d.workspace_id JOIN numbers n ON n.id = d.number_id
JOIN apps a ON a.id = n.app_id JOIN credentials c ON c.id = n.credential_id
