-- Whether any message is gone at all: their names stand side by side in the index.
SELECT EXISTS (SELECT 1 FROM messages WHERE wamid >= :first AND wamid < :end)
