INSERT INTO rollouts (recipe, previous, salt, unit, test_workspaces, stage, share, reason, by_whom, why, started_at, since,
  last_attempt)
VALUES (:recipe, :previous, :salt, :unit, :test_workspaces, :stage, :share, :reason, :by_whom, :why, :now, :now,
  (SELECT coalesce(max(id), 0) FROM attempts))
RETURNING id
