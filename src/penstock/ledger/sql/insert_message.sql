-- A message once per number. A placeholder (an edit or a late file came before its message) is filled in.
INSERT INTO messages (workspace_id, number_id, wamid, conversation_id, webhook_id, direction, kind, sent_at, received_at,
  sender, sender_name, text, reply_to, original_wamid, history, error_code, error_text, payload)
VALUES (:workspace_id, :number_id, :wamid, :conversation_id, :webhook_id, :direction, :kind, :sent_at, :now,
  :sender, :sender_name, :text, :reply_to, :original_wamid, :history, :error_code, :error_text, :payload)
ON CONFLICT (number_id, wamid) DO UPDATE SET
  conversation_id = excluded.conversation_id, webhook_id = excluded.webhook_id, direction = excluded.direction,
  kind = excluded.kind, sent_at = excluded.sent_at, received_at = excluded.received_at, sender = excluded.sender,
  sender_name = excluded.sender_name, text = excluded.text, reply_to = excluded.reply_to,
  original_wamid = excluded.original_wamid, history = excluded.history, error_code = excluded.error_code,
  error_text = excluded.error_text, payload = excluded.payload
WHERE messages.kind IN ('placeholder', 'media_placeholder') AND excluded.kind NOT IN ('placeholder', 'media_placeholder')
RETURNING id
