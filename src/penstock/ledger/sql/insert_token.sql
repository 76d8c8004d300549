INSERT INTO api_tokens (name, role, workspace_id, sha256, created_at) VALUES (:name, :role, :workspace_id, :sha256, :now)
ON CONFLICT (name) DO NOTHING RETURNING id
