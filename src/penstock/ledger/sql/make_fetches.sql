-- Put files that were made to work.
INSERT INTO fetches (media_row, workspace_id, number_id, kind, turn, due_at, received_at, deadline)
SELECT id, workspace_id, number_id, kind, 'ready', received_at, received_at, deadline FROM media
WHERE id BETWEEN :first AND :last
