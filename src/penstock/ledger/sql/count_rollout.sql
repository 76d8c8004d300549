-- Each attempt is counted once: whoever has not seen what was counted last, counts nothing.
UPDATE rollouts SET outcomes = :outcomes, failures = :failures, evidence = :evidence, tally = :tally,
  last_attempt = :last_attempt
WHERE id = :id AND last_attempt = :counted AND ended_at IS NULL RETURNING 1
