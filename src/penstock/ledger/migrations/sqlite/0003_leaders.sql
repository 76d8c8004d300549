-- Who does what only one process should do at a time. Two who believe it for a moment do no harm, only work twice.

CREATE TABLE leaders (role TEXT PRIMARY KEY, owner TEXT NOT NULL, lease_until REAL NOT NULL) STRICT, WITHOUT ROWID;
