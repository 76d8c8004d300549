-- When this database was made: no other installation has the same moment.
SELECT applied_at FROM migrations WHERE number = 1
