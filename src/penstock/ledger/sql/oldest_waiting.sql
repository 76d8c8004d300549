SELECT min(received_at), count(*) FILTER (WHERE deadline <= :soon) FROM fetches WHERE turn <> 'taken'
