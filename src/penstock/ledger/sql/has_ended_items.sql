SELECT EXISTS (SELECT 1 FROM reprocess_items i WHERE i.run_id = :run_id AND i.state = 'released'
  AND NOT EXISTS (SELECT 1 FROM media m WHERE m.id = i.media_row AND m.stage = 'open'))
