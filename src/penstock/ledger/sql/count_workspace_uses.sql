SELECT (SELECT count(*) FROM numbers WHERE workspace_id = :id), (SELECT count(*) FROM api_tokens WHERE workspace_id = :id)
