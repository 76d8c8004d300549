INSERT INTO arrival_hours (number_id, hour, minutes, bodies, last_at) VALUES (:number_id, :hour, :minutes, :bodies, :last_at)
ON CONFLICT (hour, number_id) DO UPDATE SET minutes = arrival_hours.minutes | excluded.minutes,
  bodies = arrival_hours.bodies + excluded.bodies,
  last_at = CASE WHEN excluded.last_at > arrival_hours.last_at THEN excluded.last_at ELSE arrival_hours.last_at END
