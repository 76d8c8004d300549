-- Traces: scopes of which whole exchanges are kept for a while, and those exchanges, without secrets. `exchange` is JSON.
CREATE TABLE traces (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, scope_kind text NOT NULL, scope_value text NOT NULL,
  by_whom text NOT NULL, why text NOT NULL, since double precision NOT NULL, until double precision NOT NULL,
  most_exchanges bigint NOT NULL, most_bytes bigint NOT NULL, exchanges bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0, dropped bigint NOT NULL DEFAULT 0, ended_at double precision, ended_by text,
  ended_why text
);
CREATE INDEX traces_on ON traces (until) WHERE ended_at IS NULL;

CREATE TABLE trace_exchanges (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, trace_id bigint NOT NULL REFERENCES traces,
  media_row bigint NOT NULL, workspace_id bigint NOT NULL, at double precision NOT NULL, exchange text NOT NULL
);
CREATE INDEX trace_exchanges_of ON trace_exchanges (trace_id, id);
CREATE INDEX trace_exchanges_of_media ON trace_exchanges (media_row);
CREATE INDEX trace_exchanges_by_age ON trace_exchanges (workspace_id, at);
