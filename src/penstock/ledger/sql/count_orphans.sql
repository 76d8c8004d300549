-- Rows that would contradict each other: an open item without work, or work on an item that has ended.
SELECT (SELECT count(*) FROM workspaces w JOIN media m ON m.workspace_id = w.id
          WHERE m.stage = 'open' AND NOT EXISTS (SELECT 1 FROM fetches f WHERE f.media_row = m.id)),
       (SELECT count(*) FROM fetches f JOIN media m ON m.id = f.media_row WHERE m.stage <> 'open')
