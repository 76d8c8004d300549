-- Waits for those who are adding to it, and lets the next ones find it gone.
SELECT id FROM conversations WHERE id = :id FOR UPDATE
