-- Runs in which something is to be done, those first in which rows are still to be marked as cancelled: they hold files back.
SELECT id FROM reprocess_runs
WHERE ended_at IS NULL AND (state = 'running' OR under_way > 0 OR selecting = 1 OR unswept = 1) ORDER BY unswept DESC, id
