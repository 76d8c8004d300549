-- The numbers that nobody registered, and when something first and last came for each; found one after the other, so that
-- ten thousand bodies of one number are not read.
WITH RECURSIVE known (phone_number_id) AS (
  SELECT min(phone_number_id) FROM strays
  UNION ALL
  SELECT (SELECT min(s.phone_number_id) FROM strays s WHERE s.phone_number_id > k.phone_number_id)
  FROM known k WHERE k.phone_number_id IS NOT NULL
)
SELECT k.phone_number_id,
  (SELECT s.received_at FROM strays s WHERE s.phone_number_id = k.phone_number_id ORDER BY s.webhook_id LIMIT 1),
  (SELECT s.received_at FROM strays s WHERE s.phone_number_id = k.phone_number_id ORDER BY s.webhook_id DESC LIMIT 1)
FROM known k WHERE k.phone_number_id IS NOT NULL LIMIT :limit
