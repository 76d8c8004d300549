SELECT EXISTS (SELECT 1 FROM media WHERE message_row = :message_row)
