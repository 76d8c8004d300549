-- Rows that would contradict each other: open items without work, and work on items that have ended.
SELECT (SELECT coalesce(sum((SELECT count(*) FROM media m WHERE m.workspace_id = w.id AND m.stage = 'open'
          AND NOT EXISTS (SELECT 1 FROM fetches f WHERE f.media_row = m.id))), 0) FROM workspaces w),
       (SELECT count(*) FROM fetches f WHERE (SELECT m.stage FROM media m WHERE m.id = f.media_row) <> 'open')
