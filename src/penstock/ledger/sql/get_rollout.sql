SELECT id, revision, recipe, previous, salt, unit, test_workspaces, stage, share, paused, reason, by_whom, why, started_at, since,
  ended_at, outcomes, failures, evidence, tally, last_attempt
FROM rollouts WHERE id = :id
