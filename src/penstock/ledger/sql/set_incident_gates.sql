UPDATE incidents SET gates = :gates WHERE id = :id AND state <> 'closed' RETURNING id
