INSERT INTO imports (number_id, wamid, media_id, workspace_id, imported_at, line)
VALUES (:number_id, :wamid, :media_id, :workspace_id, :now, :line) ON CONFLICT DO NOTHING
