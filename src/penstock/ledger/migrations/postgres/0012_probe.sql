-- The file that the synthetic probe fetches, of each number that ever was its number, and how its last fetch ended.
CREATE TABLE probe_files (
  number_id bigint PRIMARY KEY, media_id text, sha256 bytea, size bigint, uploaded_at double precision,
  tried_at double precision, operation text, outcome text, said text
);
