-- Only from where the mover believes it to be: a second one is told that it is not alone.
INSERT INTO move_steps (table_name, copied, content, last) VALUES (:table_name, :copied, :content, :last)
ON CONFLICT (table_name) DO UPDATE SET copied = excluded.copied, content = excluded.content, last = excluded.last
WHERE move_steps.copied = :before RETURNING 1
