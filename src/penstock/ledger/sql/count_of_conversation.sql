-- How many messages a conversation has, how many files, how many bytes of them are here, and how many are still to come.
SELECT (SELECT count(*) FROM messages WHERE conversation_id = :conversation_id), count(m.id), coalesce(sum(m.size), 0),
  count(CASE WHEN m.stage = 'open' THEN 1 END)
FROM messages g JOIN media m ON m.message_row = g.id AND m.stage <> 'erased' WHERE g.conversation_id = :conversation_id
