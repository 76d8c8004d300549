-- A body from which somebody was taken out.
UPDATE webhooks SET body = :body, redacted_at = :now, redacted_why = :why WHERE id = :id
