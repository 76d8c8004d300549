-- Where a file stands, one that is gone included.
SELECT stage FROM media WHERE id = :id
