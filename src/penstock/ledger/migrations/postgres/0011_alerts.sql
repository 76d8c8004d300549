-- Alert targets, and how far each has been told of the events of incidents (`position`). `heard` is the JSON list of the
-- incidents that it knows as open. A row goes when its target is named no longer.
CREATE TABLE alert_targets (
  id text PRIMARY KEY, name text NOT NULL, origin text NOT NULL, since double precision NOT NULL,
  position bigint NOT NULL, heard text NOT NULL DEFAULT '[]', told bigint NOT NULL DEFAULT 0, told_at double precision,
  passed_over bigint NOT NULL DEFAULT 0, attempts bigint NOT NULL DEFAULT 0, next_at double precision, error text,
  lasting bigint NOT NULL DEFAULT 0, failing_since double precision
);
