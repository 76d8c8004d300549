-- The next id is the one after.
SELECT setval(pg_get_serial_sequence(:table_name, :column_name)::regclass, :last, true)
