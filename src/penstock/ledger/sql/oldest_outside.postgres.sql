-- The first attempt that falls into no week that was made.
SELECT min(at) FROM attempts_other
