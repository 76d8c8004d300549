UPDATE numbers SET app_id = :app_id, credential_id = :credential_id, no_storage = :no_storage WHERE id = :id
