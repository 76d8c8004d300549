SELECT (SELECT count(*) FROM numbers WHERE app_id = :id), (SELECT count(*) FROM webhooks WHERE app_id = :id)
