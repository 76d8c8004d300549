-- Who changed what and why: entries that are only ever added, each bound to the one before it by its digest. What an entry
-- says is in its bytes alone; `at` is repeated beside them, to be looked up by. Whoever adds one holds the row of the head.

CREATE TABLE audit_log (number INTEGER PRIMARY KEY, at REAL NOT NULL, entry BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (at);
CREATE TABLE audit_head (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), entries INTEGER NOT NULL, digest BLOB NOT NULL) STRICT;
INSERT INTO audit_head VALUES (1, 0, x'0000000000000000000000000000000000000000000000000000000000000000');
