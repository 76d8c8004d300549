-- A write transaction of SQLite is alone already.
SELECT id FROM reprocess_runs WHERE id = :id
