-- Whoever changes a run, or its files on its behalf, holds its row: one at a time.
SELECT id FROM reprocess_runs WHERE id = :id FOR UPDATE
