SELECT id, operation, class, state, onset_at, opened_at, closed_at, why, rate, cause, gates, failures, outcomes, files,
  workspaces, acknowledged_by, acknowledged_at, severity
FROM incidents WHERE id = :id
