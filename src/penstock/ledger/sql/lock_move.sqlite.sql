-- There is one writer at a time anyway.
SELECT source FROM moves
