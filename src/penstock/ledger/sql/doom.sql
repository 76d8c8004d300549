-- The bytes of a file are to be deleted from a time on; the later one counts.
INSERT INTO doomed (media_row, due_at) VALUES (:media_row, :due_at)
ON CONFLICT (media_row) DO UPDATE SET
  due_at = CASE WHEN excluded.due_at > doomed.due_at THEN excluded.due_at ELSE doomed.due_at END
