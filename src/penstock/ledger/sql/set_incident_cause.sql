UPDATE incidents SET cause = :cause WHERE id = :id AND state <> 'closed' RETURNING id
