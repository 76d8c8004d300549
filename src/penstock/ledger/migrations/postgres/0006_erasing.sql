-- Throwing away: how long each workspace wishes things kept, what is known of files whose bodies have left the journal, and
-- the bytes that are still to be deleted. A message that is gone stays as a row of the kind 'erased', without anything that
-- it said and under a digest of its id, so that it cannot come back; its files stay as rows of the stage 'erased'.

ALTER TABLE workspaces                                      -- days; NULL is for good
  ADD COLUMN keep_bodies integer, ADD COLUMN keep_messages integer,
  ADD COLUMN keep_files integer, ADD COLUMN keep_attempts integer;

-- A body from which somebody was taken out is not what was signed any more: its row says when that was, and why.
ALTER TABLE webhooks ADD COLUMN redacted_at double precision, ADD COLUMN redacted_why text;

-- The files that a body named which has left the journal, as digests: what was received is counted from here, too.
CREATE TABLE departed (
  number_id bigint NOT NULL, message bigint NOT NULL, file bigint NOT NULL, PRIMARY KEY (number_id, message, file)
);

-- Files whose rows are erased and whose bytes are still to be deleted: not before a fetcher that had one must have let go.
CREATE TABLE doomed (media_row bigint PRIMARY KEY, due_at double precision NOT NULL);
CREATE INDEX doomed_due ON doomed (due_at);

CREATE INDEX strays_of_body ON strays (webhook_id);

-- Attempts by the week, so that weeks of which nothing is kept are dropped whole. What there is becomes the first part as
-- it lies, without copying a row; it reaches two weeks further than its last one. A watcher makes the parts of the weeks
-- ahead. What falls into none goes to the last part, from where it is moved when its week is made.
ALTER TABLE attempts RENAME TO attempts_first;
ALTER TABLE attempts_first ALTER COLUMN id DROP IDENTITY, DROP CONSTRAINT attempts_pkey;
CREATE SEQUENCE attempts_ids;
SELECT setval('attempts_ids', (SELECT coalesce(max(id), 0) + 1 FROM attempts_first), false);
ALTER TABLE attempts_first ALTER COLUMN id SET DEFAULT nextval('attempts_ids');
CREATE TABLE attempts (LIKE attempts_first INCLUDING DEFAULTS INCLUDING INDEXES) PARTITION BY RANGE (at);
ALTER TABLE attempts ADD PRIMARY KEY (id, at);
ALTER SEQUENCE attempts_ids OWNED BY attempts.id;
DO $$
BEGIN
  EXECUTE format('ALTER TABLE attempts ATTACH PARTITION attempts_first FOR VALUES FROM (MINVALUE) TO (%L)',
    604800 * (floor((SELECT coalesce(max(at), 0) FROM attempts_first) / 604800) + 3));
END $$;
CREATE TABLE attempts_other (LIKE attempts INCLUDING DEFAULTS INCLUDING INDEXES);
ALTER TABLE attempts ATTACH PARTITION attempts_other DEFAULT;
