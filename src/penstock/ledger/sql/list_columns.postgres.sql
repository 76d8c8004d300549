-- Name, type, 0, and whether the database numbers it by itself.
SELECT attname::text, format_type(atttypid, atttypmod), 0, (pg_get_serial_sequence(:table_name, attname) IS NOT NULL)::int FROM pg_attribute
WHERE attrelid = to_regclass(:table_name) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
