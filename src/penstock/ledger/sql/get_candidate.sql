-- One file, whatever its stage.
SELECT m.id, m.stage, m.media_id, m.deadline, CASE WHEN n.removed_at IS NULL THEN 0 ELSE 1 END,
  CASE WHEN EXISTS (SELECT 1 FROM reprocess_items i JOIN reprocess_runs r ON r.id = i.run_id
    WHERE i.media_row = m.id AND i.state IN ('waiting', 'released') AND r.id <> :run_id
      AND (i.state = 'released' OR r.state IN ('running', 'paused'))) THEN 1 ELSE 0 END,
  m.number_id, m.kind, m.declared_size
FROM media m JOIN numbers n ON n.id = m.number_id
WHERE m.id = :media_row AND (:workspace_id = 0 OR m.workspace_id = :workspace_id)
