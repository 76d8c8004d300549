UPDATE credentials SET token = :token, changed_at = :now WHERE id = :id
