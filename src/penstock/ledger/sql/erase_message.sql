-- Nothing of what it said is left, nor of who said it and when.
UPDATE messages SET wamid = :name, kind = 'erased', conversation_id = 0, webhook_id = 0, sent_at = 0, received_at = 0,
  sender = NULL, sender_name = NULL, text = NULL, reply_to = NULL, original_wamid = NULL, error_code = NULL,
  error_text = NULL, payload = :nothing
WHERE id = :id
