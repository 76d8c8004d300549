-- Those that are not closed; of one operation, or of every one when it is ''.
SELECT id FROM incidents WHERE state <> 'closed' AND (:operation = '' OR operation = :operation) ORDER BY id
