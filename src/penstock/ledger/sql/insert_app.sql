INSERT INTO apps (name, secret, verify_token, forward_to, created_at)
VALUES (:name, :secret, :verify_token, :forward_to, :now)
