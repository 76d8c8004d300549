-- Reprocessing. A file's round rises each time it is put back to work; its fences begin above all of the round before.
-- A run counts its files by where they stand; that they stand there is in `reprocess_items`, one row for each of them,
-- which stays: it tells which requests belong to which round.

ALTER TABLE media ADD COLUMN rounds INTEGER NOT NULL DEFAULT 0;

CREATE TABLE reprocess_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, workspace_id INTEGER, asked TEXT NOT NULL,  -- the filter, as JSON
  by_whom TEXT NOT NULL, why TEXT NOT NULL, created_at REAL NOT NULL, changed_at REAL NOT NULL, ended_at REAL,
  state TEXT NOT NULL, selecting INTEGER NOT NULL, on_trial INTEGER NOT NULL, stopped INTEGER NOT NULL, reason TEXT,
  rate REAL, next_at REAL NOT NULL, selected INTEGER NOT NULL, refused INTEGER NOT NULL, waiting INTEGER NOT NULL,
  under_way INTEGER NOT NULL, attached INTEGER NOT NULL, failed INTEGER NOT NULL, expired INTEGER NOT NULL,
  cancelled INTEGER NOT NULL, seen_attached INTEGER NOT NULL, seen_ended INTEGER NOT NULL,
  refusals TEXT NOT NULL,                       -- reason → how many, as JSON
  bytes INTEGER NOT NULL, sizes_unknown INTEGER NOT NULL,
  place TEXT NOT NULL,                          -- how far the selection has come, as JSON
  unswept INTEGER NOT NULL DEFAULT 0            -- 1: cancelled, and rows of it are still to be marked so
) STRICT;
CREATE INDEX reprocess_runs_active ON reprocess_runs (id) WHERE ended_at IS NULL;
CREATE INDEX reprocess_runs_of_workspace ON reprocess_runs (workspace_id);

-- Its state is 'waiting' (for its turn), 'released' (put back to work), or how it ended: attached, failed, expired,
-- cancelled, refused. A file is in one run at a time.
CREATE TABLE reprocess_items (
  media_row INTEGER NOT NULL, run_id INTEGER NOT NULL, state TEXT NOT NULL, deadline REAL NOT NULL,
  number_id INTEGER NOT NULL, kind TEXT NOT NULL, round INTEGER, released_at REAL, ended_at REAL,
  made INTEGER, after_attempt INTEGER,                -- how many requests were made for it before this round, and the last of them
  PRIMARY KEY (media_row, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reprocess_items_turn ON reprocess_items (run_id, state, deadline, media_row, number_id, kind);
CREATE UNIQUE INDEX reprocess_items_once ON reprocess_items (media_row) WHERE state IN ('waiting', 'released');
