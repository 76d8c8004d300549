-- What is known of a message by now, in the place that was held for it.
UPDATE messages SET conversation_id = :conversation_id, webhook_id = :webhook_id, direction = :direction, kind = :kind,
  sent_at = :sent_at, received_at = CASE WHEN kind = 'placeholder' THEN :now ELSE received_at END, sender = :sender,
  sender_name = :sender_name, text = :text, reply_to = :reply_to, original_wamid = :original_wamid, history = :history,
  error_code = :error_code, error_text = :error_text, payload = :payload
WHERE id = :id
