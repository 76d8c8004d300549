-- A file that waits after an attempt of the newest ones which failed in this way: the one that failed last.
SELECT m.id, m.media_id, n.phone_number_id, w.name, a.name, n.credential_id, c.name, m.kind
FROM attempts t JOIN media m ON m.id = t.media_row JOIN fetches f ON f.media_row = m.id
JOIN numbers n ON n.id = m.number_id JOIN workspaces w ON w.id = n.workspace_id JOIN apps a ON a.id = n.app_id
JOIN credentials c ON c.id = n.credential_id
WHERE t.id > (SELECT coalesce(max(id), 0) FROM attempts) - :newest AND t.at >= :since AND t.operation = :operation
  AND t.outcome IN (:one, :other) AND f.turn <> 'taken' AND m.deadline > :now AND m.media_id <> ''
  AND n.removed_at IS NULL
ORDER BY t.id DESC LIMIT 1
