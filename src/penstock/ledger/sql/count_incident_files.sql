-- How many files of one workspace an incident touched, as in incident_files, by where they stand now.
SELECT m.state, count(*)
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
GROUP BY m.state ORDER BY m.state
