-- Waiting items by everything a gate's scope may name, and how long they have. What is ready is counted from its index
-- alone, in the index's order; what is due later is counted beside it, since an index serves only one of the two.
SELECT w.name, a.name, c.name, n.phone_number_id, f.kind, n.no_storage,
  f.items, f.past, f.hour, f.six_hours, f.day, f.before, f.first_at
FROM (
  SELECT workspace_id, number_id, kind, count(*) AS items,
    count(*) FILTER (WHERE deadline <= :now) AS past,
    count(*) FILTER (WHERE deadline > :now AND deadline <= :hour) AS hour,
    count(*) FILTER (WHERE deadline > :hour AND deadline <= :six_hours) AS six_hours,
    count(*) FILTER (WHERE deadline > :six_hours AND deadline <= :day) AS day,
    count(*) FILTER (WHERE deadline > :now AND deadline <= :before) AS before,
    min(CASE WHEN deadline > :now THEN deadline END) AS first_at
  FROM fetches WHERE turn = 'ready' GROUP BY 1, 2, 3
  UNION ALL
  SELECT workspace_id, number_id, kind, count(*),
    count(*) FILTER (WHERE deadline <= :now),
    count(*) FILTER (WHERE deadline > :now AND deadline <= :hour),
    count(*) FILTER (WHERE deadline > :hour AND deadline <= :six_hours),
    count(*) FILTER (WHERE deadline > :six_hours AND deadline <= :day),
    count(*) FILTER (WHERE deadline > :now AND deadline <= :before),
    min(CASE WHEN deadline > :now THEN deadline END)
  FROM fetches WHERE turn = 'later' GROUP BY 1, 2, 3
) f
JOIN workspaces w ON w.id = f.workspace_id JOIN numbers n ON n.id = f.number_id
JOIN apps a ON a.id = n.app_id JOIN credentials c ON c.id = n.credential_id
