-- Waiting items by everything a gate's scope may name.
SELECT w.name, a.name, c.name, n.phone_number_id, f.kind, count(*)
FROM fetches f JOIN workspaces w ON w.id = f.workspace_id JOIN numbers n ON n.id = f.number_id
JOIN apps a ON a.id = n.app_id JOIN credentials c ON c.id = n.credential_id
WHERE f.owner IS NULL GROUP BY 1, 2, 3, 4, 5
