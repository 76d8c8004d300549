-- A move of another installation into this database: how far it has come, kept by the transactions that bring its rows.
-- Until it has ended nothing else uses this database. Moves lead to PostgreSQL; a file has these tables, and no rows in them.

CREATE TABLE moves (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1), source TEXT NOT NULL, began_at REAL NOT NULL, ended_at REAL
) STRICT;
CREATE TABLE move_steps (
  table_name TEXT PRIMARY KEY, copied INTEGER NOT NULL, content TEXT NOT NULL, last BLOB NOT NULL
) STRICT, WITHOUT ROWID;
