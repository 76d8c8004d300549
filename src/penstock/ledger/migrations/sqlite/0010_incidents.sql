-- Incidents, one open at a time for an operation and a class; what happened in them, only ever added to; and what was
-- normal, hour by hour, for whoever has to tell the one from the other. `cause` is JSON.
CREATE TABLE incidents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, class TEXT NOT NULL, state TEXT NOT NULL,
  onset_at REAL NOT NULL, opened_at REAL NOT NULL, closed_at REAL, why TEXT NOT NULL, rate REAL NOT NULL,
  cause TEXT, gates TEXT NOT NULL DEFAULT '[]',
  failures INTEGER NOT NULL DEFAULT 0, outcomes INTEGER NOT NULL DEFAULT 0,
  files INTEGER NOT NULL DEFAULT 0, workspaces INTEGER NOT NULL DEFAULT 0,
  acknowledged_by TEXT, acknowledged_at REAL
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (operation, class) WHERE state <> 'closed';

CREATE TABLE incident_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, incident_id INTEGER NOT NULL REFERENCES incidents,
  at REAL NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, text TEXT NOT NULL, data TEXT
) STRICT;
CREATE INDEX incident_events_of ON incident_events (incident_id, id);

CREATE TABLE watch_hours (
  operation TEXT NOT NULL, class TEXT NOT NULL, hour INTEGER NOT NULL, outcomes INTEGER NOT NULL,
  failures INTEGER NOT NULL, PRIMARY KEY (operation, class, hour)
) STRICT, WITHOUT ROWID;
