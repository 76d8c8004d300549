-- A group's messages, oldest first.
SELECT sent_at, id, sender, payload FROM messages
WHERE conversation_id = :conversation_id AND (sent_at, id) > (:at, :after) ORDER BY sent_at, id LIMIT :limit
