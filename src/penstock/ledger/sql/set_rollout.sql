-- Of two who change it at once the second one finds another revision, and changes nothing.
UPDATE rollouts SET revision = revision + 1, stage = :stage, share = :share, paused = :paused, reason = :reason,
  since = :now, ended_at = :ended_at
WHERE id = :id AND revision = :revision AND ended_at IS NULL RETURNING 1
