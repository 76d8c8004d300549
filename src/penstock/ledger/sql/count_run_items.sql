SELECT state, count(*) FROM reprocess_items WHERE run_id = :run_id GROUP BY state
