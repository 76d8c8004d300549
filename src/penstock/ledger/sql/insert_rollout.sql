INSERT INTO rollouts (recipe, previous, salt, unit, test_workspaces, stage, share, reason, by_whom, why, started_at, since,
  tally, last_attempt)
VALUES (:recipe, :previous, :salt, :unit, :test_workspaces, :stage, :share, :reason, :by_whom, :why, :now, :now, :tally,
  (SELECT coalesce(max(id), 0) FROM attempts))
RETURNING id
