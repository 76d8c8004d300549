-- When the first of those that are to be tried later is due.
SELECT min(due_at) FROM fetches WHERE turn = 'later'
