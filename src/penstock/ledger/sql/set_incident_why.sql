UPDATE incidents SET why = :why WHERE id = :id AND state <> 'closed' RETURNING id
