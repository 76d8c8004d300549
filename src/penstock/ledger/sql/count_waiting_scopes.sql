-- Waiting items by everything a gate's scope may name.
SELECT w.name, a.name, c.name, n.phone_number_id, f.kind, f.items
FROM (SELECT workspace_id, number_id, kind, count(*) AS items FROM fetches WHERE turn <> 'taken' GROUP BY 1, 2, 3) f
JOIN workspaces w ON w.id = f.workspace_id JOIN numbers n ON n.id = f.number_id
JOIN apps a ON a.id = n.app_id JOIN credentials c ON c.id = n.credential_id
