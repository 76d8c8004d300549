-- How many files were delivered of late, and between when and when; of the newest requests only.
SELECT count(*), min(at), max(at) FROM attempts
WHERE id > (SELECT coalesce(max(id), 0) FROM attempts) - :newest AND at > :since AND operation = :operation AND outcome = 'delivered'
