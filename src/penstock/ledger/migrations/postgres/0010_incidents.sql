-- Incidents, one open at a time for an operation and a class; what happened in them, only ever added to; and what was
-- normal, hour by hour, for whoever has to tell the one from the other. `cause` is JSON.
CREATE TABLE incidents (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, operation text NOT NULL, class text NOT NULL, state text NOT NULL,
  onset_at double precision NOT NULL, opened_at double precision NOT NULL, closed_at double precision,
  why text NOT NULL, rate double precision NOT NULL, cause text, gates text NOT NULL DEFAULT '[]',
  failures bigint NOT NULL DEFAULT 0, outcomes bigint NOT NULL DEFAULT 0,
  files bigint NOT NULL DEFAULT 0, workspaces bigint NOT NULL DEFAULT 0,
  acknowledged_by text, acknowledged_at double precision
);
CREATE UNIQUE INDEX incidents_open ON incidents (operation, class) WHERE state <> 'closed';

CREATE TABLE incident_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, incident_id bigint NOT NULL REFERENCES incidents,
  at double precision NOT NULL, kind text NOT NULL, actor text NOT NULL, text text NOT NULL, data text
);
CREATE INDEX incident_events_of ON incident_events (incident_id, id);

CREATE TABLE watch_hours (
  operation text NOT NULL, class text NOT NULL, hour bigint NOT NULL, outcomes bigint NOT NULL,
  failures bigint NOT NULL, PRIMARY KEY (operation, class, hour)
);
