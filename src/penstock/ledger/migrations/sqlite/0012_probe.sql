-- The file that the synthetic probe fetches, of each number that ever was its number, and how its last fetch ended.
CREATE TABLE probe_files (
  number_id INTEGER PRIMARY KEY, media_id TEXT, sha256 BLOB, size INTEGER, uploaded_at REAL,
  tried_at REAL, operation TEXT, outcome TEXT, said TEXT
) STRICT;
