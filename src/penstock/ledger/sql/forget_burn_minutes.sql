DELETE FROM burn_minutes WHERE minute < :before
