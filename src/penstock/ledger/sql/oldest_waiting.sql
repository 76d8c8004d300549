SELECT min(received_at) FILTER (WHERE turn <> 'taken'),
  count(*) FILTER (WHERE turn <> 'taken' AND deadline <= :soon),
  count(*) FILTER (WHERE turn <> 'taken' AND deadline <= :hour),
  min(received_at)
FROM fetches
