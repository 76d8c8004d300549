INSERT INTO watch_hours (operation, class, hour, outcomes, failures)
VALUES (:operation, :class, :hour, :outcomes, :failures)
ON CONFLICT (operation, class, hour) DO UPDATE SET outcomes = watch_hours.outcomes + excluded.outcomes,
  failures = watch_hours.failures + excluded.failures
