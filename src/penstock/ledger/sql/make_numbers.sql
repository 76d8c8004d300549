-- One number for each workspace that was made, under the same id.
INSERT INTO numbers (id, phone_number_id, workspace_id, app_id, credential_id, no_storage, created_at)
SELECT w.id, '1000' || w.id, w.id, a.id, c.id, 0, w.created_at FROM workspaces w
JOIN apps a ON a.name = :app JOIN credentials c ON c.name = :credential
WHERE w.name LIKE 'made-%'
