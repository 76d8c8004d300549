SELECT c.id, c.name, c.token, c.created_at, c.changed_at,
  (SELECT count(*) FROM numbers n WHERE n.credential_id = c.id AND n.removed_at IS NULL)
FROM credentials c ORDER BY c.name
