-- Put a media item to work.
INSERT INTO fetches (media_row, workspace_id, number_id, kind, due_at, deadline, url, url_expires_at)
VALUES (:media_row, :workspace_id, :number_id, :kind, :due_at, :deadline, :url, :url_expires_at)
