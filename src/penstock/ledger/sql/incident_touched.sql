-- Whose files had an attempt that failed in this way since the onset, and where they stand now. It reads the attempts of
-- all that time, which a report may take.
SELECT m.workspace, m.state, count(*), count(DISTINCT m.message_key)
FROM (
  SELECT DISTINCT media_row FROM attempts
  WHERE at >= :since AND at <= :until AND operation = :operation AND outcome IN (:one, :other)
) a JOIN media_now m ON m.id = a.media_row
GROUP BY m.workspace, m.state ORDER BY m.workspace, m.state
