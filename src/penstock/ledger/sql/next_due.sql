-- When something can be claimed: at once while anything is ready, else when the first of the others is due.
SELECT CASE WHEN EXISTS (SELECT 1 FROM fetches WHERE turn = 'ready') THEN 0.0
  ELSE (SELECT min(due_at) FROM fetches WHERE turn = 'later') END
