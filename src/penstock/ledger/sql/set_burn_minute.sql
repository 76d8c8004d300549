INSERT INTO burn_minutes (operation, minute, outcomes, failures) VALUES (:operation, :minute, :outcomes, :failures)
ON CONFLICT (operation, minute) DO UPDATE SET outcomes = excluded.outcomes, failures = excluded.failures
