UPDATE apps SET secret = :secret, old_secret = :old_secret, verify_token = :verify_token, forward_to = :forward_to
WHERE id = :id
