-- Who should hear of an incident: 'page' is somebody now, 'ticket' somebody in working hours.
ALTER TABLE incidents ADD COLUMN severity TEXT NOT NULL DEFAULT 'page';

-- What comes to each number, and to all (0), by the hour: a bit for each minute in which something came.
CREATE TABLE arrival_hours (
  number_id INTEGER NOT NULL, hour INTEGER NOT NULL, minutes INTEGER NOT NULL, bodies INTEGER NOT NULL,
  last_at REAL NOT NULL, PRIMARY KEY (hour, number_id)
) STRICT, WITHOUT ROWID;

-- What the receivers took and refused, by the minute; the app is 0 where none is known. Counted in memory and added to now
-- and then, so whoever sends junk makes no rows.
CREATE TABLE door_minutes (
  minute INTEGER NOT NULL, app_id INTEGER NOT NULL, taken INTEGER NOT NULL, refused INTEGER NOT NULL, ours INTEGER NOT NULL,
  PRIMARY KEY (minute, app_id)
) STRICT, WITHOUT ROWID;

-- First attempts by the minute, for the windows of the burn rate.
CREATE TABLE burn_minutes (
  operation TEXT NOT NULL, minute INTEGER NOT NULL, outcomes INTEGER NOT NULL, failures INTEGER NOT NULL,
  PRIMARY KEY (operation, minute)
) STRICT, WITHOUT ROWID;
