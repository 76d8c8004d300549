-- Held by each transaction of a move: what a killed mover sent last has come to its end before the next one looks.
SELECT source FROM moves FOR UPDATE
