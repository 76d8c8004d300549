-- Put a media item to work, at once.
INSERT INTO fetches (media_row, workspace_id, number_id, kind, turn, due_at, received_at, deadline, url, url_expires_at)
VALUES (:media_row, :workspace_id, :number_id, :kind, 'ready', :due_at, :received_at, :deadline, :url, :url_expires_at)
