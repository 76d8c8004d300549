-- The highest id that was ever given out, of the tables whose rows may be deleted.
SELECT name, seq FROM sqlite_sequence
