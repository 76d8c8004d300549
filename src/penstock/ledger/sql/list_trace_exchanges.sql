SELECT id, exchange FROM trace_exchanges WHERE trace_id = :trace_id AND id > :after ORDER BY id LIMIT :limit
