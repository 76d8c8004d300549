-- Held until the commit: positions are given out by one at a time.
SELECT position FROM stamps FOR UPDATE
