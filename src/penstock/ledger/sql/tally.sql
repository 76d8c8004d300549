SELECT w.name, count(m.id),
  coalesce(sum(m.ended IS NULL AND f.owner IS NULL), 0), coalesce(sum(m.ended IS NULL AND f.owner IS NOT NULL), 0),
  coalesce(sum(m.ended = 'attached'), 0), coalesce(sum(m.ended = 'expired'), 0),
  coalesce(sum(m.ended = 'failed'), 0), coalesce(sum(m.ended = 'erased'), 0)
FROM workspaces w LEFT JOIN media m ON m.workspace_id = w.id LEFT JOIN fetches f ON f.media_row = m.id
GROUP BY w.id, w.name ORDER BY w.name
