-- One workspace's files that had an attempt which failed in this way since the onset, the oldest first; and where gates
-- were set, what was received meanwhile and came late.
SELECT m.id, m.message_row, m.kind, m.received_at, m.state, m.attached_at, m.deadline
FROM media_now m
WHERE m.workspace = :workspace AND (
  m.id IN (
    SELECT media_row FROM attempts
    WHERE id BETWEEN :first AND :last AND at >= :since AND at <= :until AND operation = :operation AND outcome IN (:one, :other)
  )
  OR (
    :held = 1 AND m.received_at >= :since AND m.received_at <= :until
    AND (m.state IN ('waiting', 'fetching', 'expired') OR (m.state = 'attached' AND m.attached_at > m.received_at + :late_s))
  )
)
ORDER BY m.received_at, m.id LIMIT :limit
