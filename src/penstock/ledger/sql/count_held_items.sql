-- How many files of a run that were put back to work stand behind a shut gate.
SELECT count(*) FROM reprocess_items i
WHERE i.run_id = :run_id AND i.state = 'released' AND :shut LIKE ('%,' || i.number_id || ':' || i.kind || ',%')
