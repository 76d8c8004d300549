-- Name, type, place in the primary key from 1 on or 0, and whether the database numbers it by itself.
SELECT name, type, pk, 0 FROM pragma_table_info(:table_name) ORDER BY cid
