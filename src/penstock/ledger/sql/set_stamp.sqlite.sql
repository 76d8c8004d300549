-- As above: nothing is given out.
SELECT :position
