-- What tells attempts apart when some fail and others do not: who answered, who asked, in which version, over a new
-- connection or an old one.
ALTER TABLE attempts ADD COLUMN server TEXT;
ALTER TABLE attempts ADD COLUMN worker TEXT;
ALTER TABLE attempts ADD COLUMN api_version TEXT;
ALTER TABLE attempts ADD COLUMN fresh INTEGER;
