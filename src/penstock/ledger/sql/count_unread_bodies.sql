SELECT count(*) FROM webhooks WHERE problems IS NOT NULL
