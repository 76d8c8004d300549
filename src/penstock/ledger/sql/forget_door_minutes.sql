DELETE FROM door_minutes WHERE minute < :before
