UPDATE incidents SET acknowledged_by = :who, acknowledged_at = :now WHERE id = :id AND acknowledged_by IS NULL RETURNING id
