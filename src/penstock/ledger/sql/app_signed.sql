-- Whether an app has signed anything that is in the journal after a place.
SELECT EXISTS (SELECT 1 FROM webhooks WHERE id > :after AND app_id = :id)
