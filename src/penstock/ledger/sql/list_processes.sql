SELECT id, role, seen_at FROM processes WHERE seen_at >= :since ORDER BY id
