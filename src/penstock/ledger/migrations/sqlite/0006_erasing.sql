-- Throwing away: how long each workspace wishes things kept, what is known of files whose bodies have left the journal, and
-- the bytes that are still to be deleted. A message that is gone stays as a row of the kind 'erased', without anything that
-- it said and under a digest of its id, so that it cannot come back; its files stay as rows of the stage 'erased'.

ALTER TABLE workspaces ADD COLUMN keep_bodies INTEGER;      -- days; NULL is for good
ALTER TABLE workspaces ADD COLUMN keep_messages INTEGER;
ALTER TABLE workspaces ADD COLUMN keep_files INTEGER;
ALTER TABLE workspaces ADD COLUMN keep_attempts INTEGER;

-- A body from which somebody was taken out is not what was signed any more: its row says when that was, and why.
ALTER TABLE webhooks ADD COLUMN redacted_at REAL;
ALTER TABLE webhooks ADD COLUMN redacted_why TEXT;

-- The files that a body named which has left the journal, as digests: what was received is counted from here, too.
CREATE TABLE departed (
  number_id INTEGER NOT NULL, message INTEGER NOT NULL, file INTEGER NOT NULL, PRIMARY KEY (number_id, message, file)
) STRICT, WITHOUT ROWID;

-- Files whose rows are erased and whose bytes are still to be deleted: not before a fetcher that had one must have let go.
CREATE TABLE doomed (media_row INTEGER PRIMARY KEY, due_at REAL NOT NULL) STRICT;
CREATE INDEX doomed_due ON doomed (due_at);

CREATE INDEX strays_of_body ON strays (webhook_id);
