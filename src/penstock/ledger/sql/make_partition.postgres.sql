-- A part for one week. What has come for it already lies in the part for everything else, and is moved.
DO 'DECLARE
  part text = current_setting(''penstock.part'');
  starts_at float8 = current_setting(''penstock.starts_at'');
  ends_at float8 = current_setting(''penstock.ends_at'');
BEGIN
  EXECUTE format(''CREATE TABLE %I (LIKE attempts INCLUDING DEFAULTS INCLUDING INDEXES)'', part);
  LOCK TABLE attempts_other IN ACCESS EXCLUSIVE MODE;
  EXECUTE format(''INSERT INTO %I SELECT * FROM attempts_other WHERE at >= %L AND at < %L'', part, starts_at, ends_at);
  DELETE FROM attempts_other WHERE at >= starts_at AND at < ends_at;
  EXECUTE format(''ALTER TABLE attempts ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)'', part, starts_at, ends_at);
END'
