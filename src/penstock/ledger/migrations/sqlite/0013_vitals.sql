-- Who should hear of an incident: 'page' is somebody now, 'ticket' somebody in working hours.
ALTER TABLE incidents ADD COLUMN severity TEXT NOT NULL DEFAULT 'page';
