DELETE FROM doomed WHERE media_row = :media_row AND due_at <= :now RETURNING 1
