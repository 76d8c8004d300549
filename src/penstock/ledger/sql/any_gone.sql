-- Whether any message is gone at all: their names, hexadecimal behind the prefix, stand side by side in the index.
SELECT EXISTS (SELECT 1 FROM messages WHERE wamid >= 'gone:' AND wamid < 'gone:~')
