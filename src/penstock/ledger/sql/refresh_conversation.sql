-- The last line of what is left of a conversation.
UPDATE conversations SET (last_at, last_text, last_kind, last_direction) = (
  SELECT g.sent_at, g.text, g.kind, g.direction FROM messages g WHERE g.conversation_id = :id
  ORDER BY g.sent_at DESC, g.id DESC LIMIT 1)
WHERE id = :id AND EXISTS (SELECT 1 FROM messages g WHERE g.conversation_id = :id)
