-- What waits since an attempt that ended in this class is due now: its cause was mended.
UPDATE fetches SET due_at = :now WHERE turn = 'later' AND outcome = :outcome AND due_at > :now RETURNING 1
