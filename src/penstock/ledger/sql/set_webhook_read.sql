UPDATE webhooks SET numbers = :numbers, problems = :problems WHERE id = :id
