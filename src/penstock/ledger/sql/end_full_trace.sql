UPDATE traces SET ended_at = :now, ended_by = :who, ended_why = :why WHERE id = :id
