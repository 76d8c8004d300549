-- Where a stretch of rows of one workspace and stage ends; no row when fewer are left.
SELECT id FROM media WHERE workspace_id = :workspace_id AND stage = :stage AND id < :before
ORDER BY id DESC LIMIT 1 OFFSET :length
