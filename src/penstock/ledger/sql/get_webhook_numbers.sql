SELECT numbers FROM webhooks WHERE id = :id
