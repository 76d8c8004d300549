-- The file that a message came without, of a message that is gone.
UPDATE media SET media_id = :name WHERE message_row = :message_row AND media_id = '' AND stage = 'erased'
  AND NOT EXISTS (SELECT 1 FROM media m WHERE m.message_row = :message_row AND m.media_id = :name)
RETURNING 1
