-- Who changed what and why: entries that are only ever added, each bound to the one before it by its digest. What an entry
-- says is in its bytes alone; `at` is repeated beside them, to be looked up by. Whoever adds one holds the row of the head.

CREATE TABLE audit_log (number bigint PRIMARY KEY, at double precision NOT NULL, entry bytea NOT NULL, digest bytea NOT NULL);
CREATE INDEX audit_log_by_time ON audit_log (at);
CREATE TABLE audit_head (only_row integer PRIMARY KEY CHECK (only_row = 1), entries bigint NOT NULL, digest bytea NOT NULL) WITH (fillfactor = 50);
INSERT INTO audit_head VALUES (1, 0, decode(repeat('00', 32), 'hex'));
