UPDATE reprocess_items SET state = 'refused', ended_at = :now WHERE media_row = :media_row AND run_id = :run_id
