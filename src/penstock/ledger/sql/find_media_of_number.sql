-- Is this media id known at this number, under whichever message?
SELECT id FROM media WHERE media_id = :media_id AND number_id = :number_id LIMIT 1
