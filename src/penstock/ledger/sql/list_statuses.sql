-- Statuses of a number in the order of their keys.
SELECT wamid, status, recipient, at FROM statuses
WHERE number_id = :number_id AND (wamid, status, recipient) > (:wamid, :status, :recipient)
ORDER BY wamid, status, recipient LIMIT :limit
