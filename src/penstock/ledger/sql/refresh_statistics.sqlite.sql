-- SQLite's plans stand without statistics.
SELECT 1
