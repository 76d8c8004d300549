-- One workspace's files that had an attempt which failed in this way since the onset, the oldest first.
SELECT m.id, m.message_row, m.kind, m.received_at, m.state, m.attached_at, m.deadline
FROM (
  SELECT DISTINCT media_row FROM attempts
  WHERE id BETWEEN :first AND :last AND at >= :since AND at <= :until AND operation = :operation AND outcome IN (:one, :other)
) a JOIN media_now m ON m.id = a.media_row
WHERE m.workspace = :workspace ORDER BY m.received_at, m.id LIMIT :limit
