-- Alert targets, and how far each has been told of the events of incidents (`position`). `heard` is the JSON list of the
-- incidents that it knows as open. A row goes when its target is named no longer.
CREATE TABLE alert_targets (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, origin TEXT NOT NULL, since REAL NOT NULL,
  position INTEGER NOT NULL, heard TEXT NOT NULL DEFAULT '[]', told INTEGER NOT NULL DEFAULT 0, told_at REAL,
  passed_over INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, next_at REAL, error TEXT,
  lasting INTEGER NOT NULL DEFAULT 0, failing_since REAL
) STRICT;
