-- Look-ups that an upstream may have counted as failing (as core.budget does), of the newest attempts only.
SELECT n.phone_number_id, a.at + a.duration_s FROM attempts a JOIN media m ON m.id = a.media_row JOIN numbers n ON n.id = m.number_id
WHERE a.id > (SELECT coalesce(max(id), 0) FROM attempts) - :newest AND a.at > :since
  AND a.operation = :operation AND a.peer_address IS NOT NULL AND (a.status IS NULL OR a.status <> 200 OR a.graph_code IS NOT NULL)
ORDER BY a.at
