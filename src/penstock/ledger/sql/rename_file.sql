-- A file that went before its message: Meta's id of it goes, too.
UPDATE media SET media_id = :name WHERE id = :media_row
