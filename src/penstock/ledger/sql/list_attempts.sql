SELECT at, operation, declared_method, wire_method, host, peer_address, status, graph_code, graph_subcode, trace_id,
  outcome, duration_s, recipe, detail, server, worker, api_version, fresh
FROM attempts WHERE media_row = :media_row ORDER BY id
