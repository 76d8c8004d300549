-- The newest body stays as a row: its id would be given out again.
UPDATE webhooks SET body = :nothing, numbers = '[]', problems = NULL, redacted_at = :now, redacted_why = :why WHERE id = :id
