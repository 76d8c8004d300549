INSERT INTO attempts (media_row, at, operation, declared_method, wire_method, host, peer_address, status, graph_code,
  graph_subcode, trace_id, outcome, duration_s, recipe, detail, server, worker, api_version, fresh,
  after_s, usage_percent)
VALUES (:media_row, :at, :operation, :declared_method, :wire_method, :host, :peer_address, :status, :graph_code,
  :graph_subcode, :trace_id, :outcome, :duration_s, :recipe, :detail, :server, :worker,
  :api_version, :fresh, :after_s, :usage_percent)
