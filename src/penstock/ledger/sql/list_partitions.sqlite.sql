-- One file has no parts.
SELECT name, sql FROM sqlite_schema WHERE 0
