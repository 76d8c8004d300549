-- What waits since this credential's token was refused is due now: it has a new one.
UPDATE fetches SET due_at = :now WHERE turn = 'later' AND outcome = 'auth' AND due_at > :now
  AND number_id IN (SELECT n.id FROM numbers n JOIN credentials c ON c.id = n.credential_id WHERE c.name = :credential)
RETURNING 1
