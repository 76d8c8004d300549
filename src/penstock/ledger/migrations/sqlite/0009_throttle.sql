-- What an answer said about our pace: how long to wait, and how full the fullest limit is.
ALTER TABLE attempts ADD COLUMN after_s REAL;
ALTER TABLE attempts ADD COLUMN usage_percent REAL;
