-- What tells attempts apart when some fail and others do not: who answered, who asked, in which version, over a new
-- connection or an old one.
ALTER TABLE attempts ADD COLUMN server text, ADD COLUMN worker text, ADD COLUMN api_version text, ADD COLUMN fresh integer;
