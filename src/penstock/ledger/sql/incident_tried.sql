-- What was tried in a time, by operation and by how it ended.
SELECT operation, outcome, count(*) FROM attempts WHERE id BETWEEN :first AND :last AND at >= :since AND at <= :until
GROUP BY operation, outcome ORDER BY operation, outcome
