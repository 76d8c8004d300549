-- The same number back in the same workspace is the same registration: what it received before is not received again.
UPDATE numbers SET app_id = :app_id, credential_id = :credential_id, no_storage = :no_storage, removed_at = NULL
WHERE id = (SELECT max(id) FROM numbers
  WHERE phone_number_id = :phone_number_id AND workspace_id = :workspace_id AND removed_at IS NOT NULL)
RETURNING id
