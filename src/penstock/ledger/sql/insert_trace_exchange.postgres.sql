-- Of a file that was erased meanwhile nothing is kept; whoever is erasing it waits, or is waited for.
INSERT INTO trace_exchanges (trace_id, media_row, workspace_id, at, exchange)
SELECT :trace_id, m.id, m.workspace_id, :at, :exchange FROM media m
WHERE m.id = :media_row AND m.stage <> 'erased' FOR SHARE RETURNING 1
