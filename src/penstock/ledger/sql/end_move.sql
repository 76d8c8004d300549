UPDATE moves SET ended_at = :now WHERE source = :source RETURNING 1
