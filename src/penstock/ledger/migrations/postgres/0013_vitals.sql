-- Who should hear of an incident: 'page' is somebody now, 'ticket' somebody in working hours.
ALTER TABLE incidents ADD COLUMN severity text NOT NULL DEFAULT 'page';

-- What comes to each number, and to all (0), by the hour: a bit for each minute in which something came.
CREATE TABLE arrival_hours (
  number_id bigint NOT NULL, hour bigint NOT NULL, minutes bigint NOT NULL, bodies bigint NOT NULL,
  last_at double precision NOT NULL, PRIMARY KEY (hour, number_id)
);

-- What the receivers took and refused, by the minute; the app is 0 where none is known. Counted in memory and added to now
-- and then, so whoever sends junk makes no rows.
CREATE TABLE door_minutes (
  minute bigint NOT NULL, app_id bigint NOT NULL, taken bigint NOT NULL, refused bigint NOT NULL, ours bigint NOT NULL,
  PRIMARY KEY (minute, app_id)
);

-- First attempts by the minute, for the windows of the burn rate.
CREATE TABLE burn_minutes (
  operation text NOT NULL, minute bigint NOT NULL, outcomes bigint NOT NULL, failures bigint NOT NULL,
  PRIMARY KEY (operation, minute)
);
