-- What an answer said about our pace: how long to wait, and how full the fullest limit is.
ALTER TABLE attempts ADD COLUMN after_s double precision, ADD COLUMN usage_percent double precision;
