-- The newest first; with :open only those that are not closed.
SELECT id, operation, class, state, onset_at, opened_at, closed_at, why, rate, cause, gates, failures, outcomes, files,
  workspaces, acknowledged_by, acknowledged_at, severity
FROM incidents WHERE (:open = 0 OR state <> 'closed') AND id < :before ORDER BY id DESC LIMIT :limit
