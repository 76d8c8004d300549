-- A message once per number.
INSERT INTO messages (workspace_id, number_id, wamid, conversation_id, webhook_id, direction, kind, sent_at, received_at,
  sender, sender_name, text, reply_to, original_wamid, history, error_code, error_text, payload)
VALUES (:workspace_id, :number_id, :wamid, :conversation_id, :webhook_id, :direction, :kind, :sent_at, :now,
  :sender, :sender_name, :text, :reply_to, :original_wamid, :history, :error_code, :error_text, :payload)
ON CONFLICT (wamid, number_id) DO NOTHING RETURNING id
