SELECT w.name, i.number_id, i.wamid, i.media_id FROM imports i JOIN workspaces w ON w.id = i.workspace_id
