SELECT min(hour) FROM arrival_hours
