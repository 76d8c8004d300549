-- The row that is left of a message that is gone.
SELECT id FROM messages WHERE wamid = :name AND number_id = :number_id
