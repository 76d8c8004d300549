-- A move of another installation into this database: how far it has come, kept by the transactions that bring its rows.
-- Until it has ended nothing else uses this database.

CREATE TABLE moves (
  only_row integer PRIMARY KEY CHECK (only_row = 1), source text NOT NULL, began_at double precision NOT NULL,
  ended_at double precision
);
CREATE TABLE move_steps (
  table_name text PRIMARY KEY, copied bigint NOT NULL, content text NOT NULL, last bytea NOT NULL
) WITH (fillfactor = 50);
