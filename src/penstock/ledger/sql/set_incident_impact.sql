UPDATE incidents SET failures = :failures, outcomes = :outcomes, files = :files, workspaces = :workspaces
WHERE id = :id AND state <> 'closed' RETURNING id
