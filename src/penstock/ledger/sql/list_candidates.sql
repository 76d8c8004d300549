-- The next stretch of one workspace's files of a stage, oldest row first; the last column says whether the filter lets each through.
SELECT m.id, m.stage, m.media_id, m.deadline, CASE WHEN n.removed_at IS NULL THEN 0 ELSE 1 END,
  CASE WHEN EXISTS (SELECT 1 FROM reprocess_items i JOIN reprocess_runs r ON r.id = i.run_id
    WHERE i.media_row = m.id AND i.state IN ('waiting', 'released') AND r.id <> :run_id
      AND (i.state = 'released' OR r.state IN ('running', 'paused'))) THEN 1 ELSE 0 END,
  m.number_id, m.kind, m.declared_size,
  CASE WHEN (:number = '' OR n.phone_number_id = :number) AND (:outcome = '' OR m.outcome = :outcome)
    AND (:kind = '' OR m.kind = :kind) AND m.received_at >= :since AND m.received_at < :until AND m.ended_at <= :ended_by
    THEN 1 ELSE 0 END
FROM media m JOIN numbers n ON n.id = m.number_id
WHERE m.id IN (SELECT x.id FROM media x WHERE x.workspace_id = :workspace_id AND x.stage = :stage AND x.id > :after
  ORDER BY x.id LIMIT :length)
ORDER BY m.id
