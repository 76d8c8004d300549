SELECT id, name, secret, old_secret, verify_token, forward_to, created_at FROM apps WHERE name = :name
