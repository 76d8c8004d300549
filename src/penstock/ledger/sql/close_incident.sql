UPDATE incidents SET state = 'closed', closed_at = :now WHERE id = :id AND state <> 'closed' RETURNING id
