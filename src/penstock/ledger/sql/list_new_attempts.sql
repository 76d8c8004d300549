-- Attempts between two ids, each with the place that it has among its item's attempts at the operation, since the item was
-- put to work: a round of reprocessing begins anew.
SELECT a.id, a.media_row,
  (SELECT count(*) FROM (SELECT 1 FROM attempts b
     WHERE b.media_row = a.media_row AND b.id <= a.id AND b.operation = a.operation
     AND b.id > (SELECT coalesce(max(i.after_attempt), 0) FROM reprocess_items i
       WHERE i.media_row = a.media_row AND i.after_attempt < a.id) LIMIT :counted) made),
  a.at, a.operation, a.declared_method, a.wire_method, a.host, a.peer_address, a.status, a.graph_code, a.graph_subcode,
  a.outcome, a.duration_s, a.recipe, a.server, a.worker, a.api_version, a.fresh,
  w.name, n.phone_number_id, p.name, c.name, nullif(g.conversation_id, 0), m.kind, m.declared_mime_type, m.declared_size,
  m.received_at, a.after_s, a.usage_percent
FROM attempts a
JOIN media m ON m.id = a.media_row
JOIN messages g ON g.id = m.message_row
JOIN numbers n ON n.id = m.number_id
JOIN workspaces w ON w.id = m.workspace_id
JOIN apps p ON p.id = n.app_id
JOIN credentials c ON c.id = n.credential_id
WHERE a.id BETWEEN :first AND :last ORDER BY a.id LIMIT :limit
