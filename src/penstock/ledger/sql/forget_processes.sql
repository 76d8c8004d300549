DELETE FROM processes WHERE seen_at < :before
