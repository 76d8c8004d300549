-- Files that were received in a time and came late, or are not there yet, by workspace. What could not be accepted is not late.
SELECT w.name, count(*)
FROM media m JOIN workspaces w ON w.id = m.workspace_id
WHERE m.received_at >= :since AND m.received_at <= :until
  AND (m.stage IN ('open', 'expired') OR (m.stage = 'attached' AND m.ended_at > m.received_at + :late_s))
GROUP BY w.name ORDER BY w.name
