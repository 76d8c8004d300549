DELETE FROM trace_exchanges WHERE id IN (
  SELECT id FROM trace_exchanges WHERE workspace_id = :workspace_id AND at < :before ORDER BY at LIMIT :limit)
RETURNING 1
