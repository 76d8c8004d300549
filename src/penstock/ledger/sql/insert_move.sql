INSERT INTO moves (only_row, source, began_at) VALUES (1, :source, :now) ON CONFLICT DO NOTHING RETURNING 1
