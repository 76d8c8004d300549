INSERT INTO door_minutes (minute, app_id, taken, refused, ours) VALUES (:minute, :app_id, :taken, :refused, :ours)
ON CONFLICT (minute, app_id) DO UPDATE SET taken = door_minutes.taken + excluded.taken,
  refused = door_minutes.refused + excluded.refused, ours = door_minutes.ours + excluded.ours
