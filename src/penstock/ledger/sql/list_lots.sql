-- What is still to be fetched, by lane, of the so many that are here for the longest: the rows of files rise with time. Those
-- that were imported or put back to work are apart, and so are the near ones: sooner on No-Storage numbers.
SELECT w.name, a.name, c.name, n.phone_number_id, l.kind, n.no_storage, l.backlog,
  l.files, l.late, l.late_tried, l.oldest_at, l.oldest_tried_at, l.soon, l.very_soon, l.first_at
FROM (
  SELECT f.workspace_id, f.number_id, f.kind, CASE WHEN m.rounds > 0 OR g.webhook_id = 0 THEN 1 ELSE 0 END AS backlog,
    count(*) AS files,
    count(*) FILTER (WHERE f.received_at <= :late AND f.attempts = 0 AND f.turn <> 'taken') AS late,
    count(*) FILTER (WHERE f.received_at <= :late AND (f.attempts > 0 OR f.turn = 'taken')) AS late_tried,
    min(CASE WHEN f.attempts = 0 AND f.turn <> 'taken' THEN f.received_at END) AS oldest_at,
    min(CASE WHEN f.attempts > 0 OR f.turn = 'taken' THEN f.received_at END) AS oldest_tried_at,
    count(*) FILTER (WHERE f.deadline <= CASE WHEN b.no_storage = 1
      THEN CAST(:short_soon AS double precision) ELSE CAST(:soon AS double precision) END) AS soon,
    count(*) FILTER (WHERE f.deadline <= CASE WHEN b.no_storage = 1
      THEN CAST(:short_very_soon AS double precision) ELSE CAST(:very_soon AS double precision) END) AS very_soon,
    min(f.deadline) AS first_at
  FROM (SELECT * FROM fetches ORDER BY media_row LIMIT :limit) f
  JOIN media m ON m.id = f.media_row JOIN messages g ON g.id = m.message_row JOIN numbers b ON b.id = f.number_id
  GROUP BY 1, 2, 3, 4
) l
JOIN workspaces w ON w.id = l.workspace_id JOIN numbers n ON n.id = l.number_id
JOIN apps a ON a.id = n.app_id JOIN credentials c ON c.id = n.credential_id
