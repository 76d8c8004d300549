-- Files whose bodies have left the journal, in the order of their keys.
SELECT number_id, message, file FROM departed WHERE (number_id, message, file) > (:number_id, :message, :file)
ORDER BY number_id, message, file LIMIT :limit
