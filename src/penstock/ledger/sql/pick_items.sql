-- The files of a run whose turn is next, nearest to their deadline first. `shut` names the lanes behind a shut gate, as
-- ",number:kind,number:kind,".
SELECT m.id, m.stage, m.media_id, m.deadline, CASE WHEN n.removed_at IS NULL THEN 0 ELSE 1 END
FROM reprocess_items i JOIN media m ON m.id = i.media_row JOIN numbers n ON n.id = m.number_id
WHERE i.run_id = :run_id AND i.state = 'waiting' AND :shut NOT LIKE ('%,' || i.number_id || ':' || i.kind || ',%')
ORDER BY i.deadline, i.media_row LIMIT :limit
