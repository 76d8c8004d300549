-- A whole part, without looking at a row of it.
DO 'BEGIN
  EXECUTE format(''DROP TABLE %I'', current_setting(''penstock.part''));
END'
