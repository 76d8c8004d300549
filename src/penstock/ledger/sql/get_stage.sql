-- Where a file stands, one that is gone included.
SELECT stage, deadline FROM media WHERE id = :id
