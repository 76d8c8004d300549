-- What the server does by itself some time after a table has grown.
ANALYZE fetches, media, numbers, workspaces
