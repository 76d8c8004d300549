DELETE FROM traces WHERE coalesce(ended_at, until) < :before
  AND NOT EXISTS (SELECT 1 FROM trace_exchanges e WHERE e.trace_id = traces.id) RETURNING 1
