-- Where the files stand now that were received in a time, whoever held them. It reads every file, which a report may take.
SELECT CASE WHEN m.stage <> 'open' THEN m.stage WHEN f.turn = 'taken' THEN 'fetching' ELSE 'waiting' END, count(*)
FROM media m LEFT JOIN fetches f ON f.media_row = m.id
WHERE m.received_at >= :since AND m.received_at <= :until GROUP BY 1 ORDER BY 1
