-- Recipes, whose versions are only ever added; which of them is in use; and rollouts, of which one at most has not ended.
-- `parameters`, `test_workspaces` and `tally` are JSON. The first recipe is what the settings say.
CREATE TABLE recipes (
  name TEXT NOT NULL, version INTEGER NOT NULL, implementation TEXT NOT NULL, parameters TEXT NOT NULL,
  by_whom TEXT NOT NULL, why TEXT NOT NULL, created_at REAL NOT NULL, PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
INSERT INTO recipes VALUES ('standard', 1, 'declared', '{}', 'penstock', 'as the settings say', 0);

CREATE TABLE recipe_in_use (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1), recipe TEXT NOT NULL, revision INTEGER NOT NULL
) STRICT;
INSERT INTO recipe_in_use VALUES (1, 'standard/1', 1);

CREATE TABLE rollouts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, revision INTEGER NOT NULL DEFAULT 1,
  recipe TEXT NOT NULL, previous TEXT NOT NULL, salt TEXT NOT NULL, unit TEXT NOT NULL, test_workspaces TEXT NOT NULL,
  stage TEXT NOT NULL, share REAL NOT NULL, paused INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL,
  by_whom TEXT NOT NULL, why TEXT NOT NULL, started_at REAL NOT NULL, since REAL NOT NULL, ended_at REAL,
  outcomes INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, evidence REAL NOT NULL DEFAULT 0,
  tally TEXT NOT NULL DEFAULT '{}', last_attempt INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX rollouts_running ON rollouts ((1)) WHERE ended_at IS NULL;
