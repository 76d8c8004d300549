-- Events of a stretch that tell of what is gone.
SELECT e.id FROM events e LEFT JOIN messages g ON g.id = e.message_row
LEFT JOIN media m ON m.id = e.media_row LEFT JOIN messages o ON o.id = m.message_row
WHERE e.id > :after AND e.id <= :last
  AND (e.message_row IS NOT NULL AND coalesce(g.kind, 'erased') = 'erased'
    OR e.media_row IS NOT NULL AND coalesce(o.kind, 'erased') = 'erased')
ORDER BY e.id
