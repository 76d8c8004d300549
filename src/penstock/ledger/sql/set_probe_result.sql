INSERT INTO probe_files (number_id, tried_at, operation, outcome, said)
VALUES (:number_id, :tried_at, :operation, :outcome, :said)
ON CONFLICT (number_id) DO UPDATE SET tried_at = excluded.tried_at, operation = excluded.operation,
  outcome = excluded.outcome, said = excluded.said
