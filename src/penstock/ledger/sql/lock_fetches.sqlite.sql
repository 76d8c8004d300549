-- Nobody else writes meanwhile.
SELECT :ids
