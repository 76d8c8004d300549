UPDATE alert_targets SET position = :position, heard = :heard, told = told + :told,
  told_at = coalesce(:told_at, told_at), passed_over = passed_over + :passed_over,
  attempts = 0, next_at = NULL, error = NULL, lasting = 0, failing_since = NULL
WHERE id = :id AND position = :after RETURNING 1
