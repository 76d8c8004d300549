-- Of a run's files, the first so many: those that had an attempt which failed in a way, in a time.
SELECT count(*) FROM (SELECT media_row FROM reprocess_items WHERE run_id = :run_id AND state <> 'refused' LIMIT :limit) i
WHERE EXISTS (
  SELECT 1 FROM attempts a WHERE a.media_row = i.media_row AND a.at >= :since AND a.at <= :until
    AND a.operation = :operation AND a.outcome IN (:one, :other)
)
