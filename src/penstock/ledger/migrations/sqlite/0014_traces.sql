-- Traces: scopes of which whole exchanges are kept for a while, and those exchanges, without secrets. `exchange` is JSON.
CREATE TABLE traces (
  id INTEGER PRIMARY KEY AUTOINCREMENT, scope_kind TEXT NOT NULL, scope_value TEXT NOT NULL, by_whom TEXT NOT NULL,
  why TEXT NOT NULL, since REAL NOT NULL, until REAL NOT NULL, most_exchanges INTEGER NOT NULL,
  most_bytes INTEGER NOT NULL, exchanges INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
  dropped INTEGER NOT NULL DEFAULT 0, ended_at REAL, ended_by TEXT, ended_why TEXT
) STRICT;
CREATE INDEX traces_on ON traces (until) WHERE ended_at IS NULL;

CREATE TABLE trace_exchanges (
  id INTEGER PRIMARY KEY AUTOINCREMENT, trace_id INTEGER NOT NULL REFERENCES traces, media_row INTEGER NOT NULL,
  workspace_id INTEGER NOT NULL, at REAL NOT NULL, exchange TEXT NOT NULL
) STRICT;
CREATE INDEX trace_exchanges_of ON trace_exchanges (trace_id, id);
CREATE INDEX trace_exchanges_of_media ON trace_exchanges (media_row);
CREATE INDEX trace_exchanges_by_age ON trace_exchanges (workspace_id, at);
