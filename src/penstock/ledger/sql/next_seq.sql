-- The next seq of the conversation that a file's message belongs to; no row for an import that has no conversation.
UPDATE conversations SET seq = seq + 1
WHERE id = (SELECT g.conversation_id FROM media m JOIN messages g ON g.id = m.message_row WHERE m.id = :media_row)
RETURNING id, seq
