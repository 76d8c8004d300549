-- A file of a run; none when a run has it already.
INSERT INTO reprocess_items (media_row, run_id, state, deadline, number_id, kind)
VALUES (:media_row, :run_id, 'waiting', :deadline, :number_id, :kind) ON CONFLICT DO NOTHING RETURNING 1
