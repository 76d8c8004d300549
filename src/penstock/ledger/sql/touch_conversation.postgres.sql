-- So many more messages: the conversation's next seqs, and its last line when the last of them is not older.
UPDATE conversations SET seq = seq + :more,
  last_at = greatest(last_at, :sent_at),
  last_text = CASE WHEN :sent_at >= last_at THEN :text ELSE last_text END,
  last_kind = CASE WHEN :sent_at >= last_at THEN :kind ELSE last_kind END,
  last_direction = CASE WHEN :sent_at >= last_at THEN :direction ELSE last_direction END,
  title = CASE WHEN :title <> '' THEN :title ELSE title END
WHERE id = :conversation_id
