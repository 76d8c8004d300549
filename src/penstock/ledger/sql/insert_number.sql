INSERT INTO numbers (phone_number_id, workspace_id, app_id, credential_id, no_storage, created_at)
VALUES (:phone_number_id, :workspace_id, :app_id, :credential_id, :no_storage, :now) RETURNING id
