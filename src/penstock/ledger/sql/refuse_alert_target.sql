UPDATE alert_targets SET attempts = :attempts, next_at = :next_at, error = :error, lasting = :lasting,
  failing_since = coalesce(failing_since, :now)
WHERE id = :id AND position = :after RETURNING 1
