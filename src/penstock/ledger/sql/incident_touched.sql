-- Whose files had an attempt that failed in this way since the onset, and where they stand now.
SELECT m.workspace, m.state, count(*), count(DISTINCT m.message_key)
FROM (
  SELECT DISTINCT media_row FROM attempts
  WHERE id BETWEEN :first AND :last AND at >= :since AND at <= :until AND operation = :operation AND outcome IN (:one, :other)
) a JOIN media_now m ON m.id = a.media_row
GROUP BY m.workspace, m.state ORDER BY m.workspace, m.state
