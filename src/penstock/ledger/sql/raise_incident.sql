UPDATE incidents SET severity = 'page', why = :why WHERE id = :id AND state <> 'closed' RETURNING id
