INSERT INTO processes (id, role, seen_at) VALUES (:id, :role, :now)
ON CONFLICT (id) DO UPDATE SET role = excluded.role, seen_at = excluded.seen_at
