-- Registered numbers for which something is still in quarantine that their app signed.
SELECT n.phone_number_id FROM numbers n WHERE n.removed_at IS NULL
  AND EXISTS (SELECT 1 FROM strays s WHERE s.phone_number_id = n.phone_number_id AND s.app_id = n.app_id)
ORDER BY n.phone_number_id
