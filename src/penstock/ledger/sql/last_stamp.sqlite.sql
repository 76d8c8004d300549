-- The row's number is its position.
SELECT 0
