-- Rows that would contradict each other: an open item without work, or work on an item that has ended.
SELECT (SELECT count(*) FROM media m WHERE m.ended IS NULL AND NOT EXISTS (SELECT 1 FROM fetches f WHERE f.media_row = m.id)),
       (SELECT count(*) FROM fetches f JOIN media m ON m.id = f.media_row WHERE m.ended IS NOT NULL)
