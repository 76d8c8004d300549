-- The first schema. Times are epoch seconds, sizes bytes. Secrets are sealed before they come here.
-- Ids are never given out twice: AUTOINCREMENT where rows are deleted; the newest row of the other tables never is.

CREATE TABLE provisioning (only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL) STRICT;
INSERT INTO provisioning VALUES (1, 1);

CREATE TABLE workspaces (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
  is_test INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL
) STRICT;

CREATE TABLE apps (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
  secret BLOB NOT NULL, old_secret BLOB,           -- both valid while one is rotated
  verify_token BLOB NOT NULL, forward_to TEXT, created_at REAL NOT NULL
) STRICT;

CREATE TABLE credentials (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
  token BLOB NOT NULL, created_at REAL NOT NULL, changed_at REAL NOT NULL
) STRICT;

-- One row per registration: a number that is removed and added again under another workspace is another row.
CREATE TABLE numbers (
  id INTEGER PRIMARY KEY AUTOINCREMENT, phone_number_id TEXT NOT NULL,
  workspace_id INTEGER NOT NULL REFERENCES workspaces, app_id INTEGER NOT NULL REFERENCES apps,
  credential_id INTEGER NOT NULL REFERENCES credentials,
  no_storage INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL, removed_at REAL
) STRICT;
CREATE UNIQUE INDEX numbers_registered ON numbers (phone_number_id) WHERE removed_at IS NULL;

CREATE TABLE api_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
  workspace_id INTEGER REFERENCES workspaces, sha256 BLOB NOT NULL UNIQUE, created_at REAL NOT NULL
) STRICT;

-- The journal: every signed body as it came. `numbers` lists the registrations it was read for, as a JSON array.
CREATE TABLE webhooks (
  id INTEGER PRIMARY KEY, app_id INTEGER NOT NULL, received_at REAL NOT NULL,
  signature TEXT NOT NULL, numbers TEXT NOT NULL, problems TEXT, body BLOB NOT NULL
) STRICT;
CREATE INDEX webhooks_unread ON webhooks (id) WHERE problems IS NOT NULL;

-- Quarantine: which journaled bodies hold updates for a number that nobody registered.
CREATE TABLE strays (
  phone_number_id TEXT NOT NULL, webhook_id INTEGER NOT NULL REFERENCES webhooks,
  app_id INTEGER NOT NULL, received_at REAL NOT NULL,
  PRIMARY KEY (phone_number_id, webhook_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, workspace_id INTEGER NOT NULL, number_id INTEGER NOT NULL,
  title TEXT NOT NULL, contact TEXT NOT NULL, is_group INTEGER NOT NULL,
  last_at REAL NOT NULL, last_text TEXT, last_kind TEXT NOT NULL, last_direction TEXT NOT NULL,
  seq INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX conversations_recent ON conversations (workspace_id, last_at);

-- Every name under which a conversation may be found: p:<phone>, u:<business-scoped id>, n:<parent id>, g:<group>.
CREATE TABLE aliases (
  number_id INTEGER NOT NULL, alias TEXT NOT NULL, conversation_id INTEGER NOT NULL REFERENCES conversations,
  PRIMARY KEY (number_id, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_of ON aliases (conversation_id);

CREATE TABLE messages (
  id INTEGER PRIMARY KEY, workspace_id INTEGER NOT NULL, number_id INTEGER NOT NULL,
  wamid TEXT NOT NULL, conversation_id INTEGER NOT NULL, webhook_id INTEGER NOT NULL,
  direction TEXT NOT NULL, kind TEXT NOT NULL, sent_at REAL NOT NULL, received_at REAL NOT NULL,
  sender TEXT, sender_name TEXT, text TEXT, reply_to TEXT, original_wamid TEXT,
  history INTEGER NOT NULL, error_code INTEGER, error_text TEXT, payload BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_once ON messages (wamid, number_id);
CREATE INDEX messages_thread ON messages (conversation_id, sent_at);  -- and by id, as every index

CREATE TABLE statuses (
  number_id INTEGER NOT NULL, wamid TEXT NOT NULL, status TEXT NOT NULL, recipient TEXT NOT NULL,
  at REAL NOT NULL, error_code INTEGER, error_text TEXT, webhook_id INTEGER NOT NULL,
  PRIMARY KEY (number_id, wamid, status, recipient)
) STRICT, WITHOUT ROWID;

-- A file of a message, for good. Its stage is 'open' while there is work on it in `fetches`, else how it ended. Its key is
-- the message's row (which stands for the number and Meta's id of the message) and Meta's media id; that is '' for a file
-- that Meta did not deliver.
CREATE TABLE media (
  id INTEGER PRIMARY KEY, workspace_id INTEGER NOT NULL, number_id INTEGER NOT NULL,
  message_row INTEGER NOT NULL REFERENCES messages, media_id TEXT NOT NULL, kind TEXT NOT NULL,
  declared_mime_type TEXT, declared_sha256 BLOB, declared_size INTEGER, filename TEXT,
  voice INTEGER NOT NULL, animated INTEGER NOT NULL,
  received_at REAL NOT NULL, deadline REAL NOT NULL,
  stage TEXT NOT NULL, ended_at REAL, outcome TEXT, reason TEXT, attempts INTEGER NOT NULL DEFAULT 0,
  size INTEGER, sha256 BLOB, content_type TEXT
) STRICT;
CREATE UNIQUE INDEX media_once ON media (message_row, media_id);
CREATE INDEX media_of_meta ON media (media_id);
CREATE INDEX media_standing ON media (workspace_id, stage);

-- The hot table: only what is still to be fetched. Its turn is 'ready' (due), 'later' (due at due_at) or 'taken' (a fetcher
-- has it). What is due is brought from 'later' to 'ready' before a claim, so a claim never passes what is not due.
CREATE TABLE fetches (
  media_row INTEGER PRIMARY KEY REFERENCES media, workspace_id INTEGER NOT NULL, number_id INTEGER NOT NULL,
  kind TEXT NOT NULL, turn TEXT NOT NULL, due_at REAL NOT NULL, received_at REAL NOT NULL, deadline REAL NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, fence INTEGER NOT NULL DEFAULT 0,
  owner TEXT, lease_until REAL, url TEXT, url_expires_at REAL, outcome TEXT, reason TEXT
) STRICT;
CREATE INDEX fetches_ready ON fetches (deadline) WHERE turn = 'ready';
CREATE INDEX fetches_later ON fetches (due_at) WHERE turn = 'later';
CREATE INDEX fetches_taken ON fetches (lease_until) WHERE turn = 'taken';

-- A file as it is shown. One that was imported for a message which never came belongs to no message yet.
CREATE VIEW media_now AS
SELECT m.id, m.workspace_id, w.name AS workspace, m.number_id, n.phone_number_id, a.name AS app, c.name AS credential,
  m.message_row AS message_key, CASE WHEN g.conversation_id <> 0 THEN m.message_row END AS message_row,
  nullif(g.conversation_id, 0) AS conversation_id,
  CASE WHEN g.wamid LIKE 'import:%' THEN '' ELSE g.wamid END AS wamid, m.media_id, m.kind, m.stage,
  CASE WHEN m.stage <> 'open' THEN m.stage WHEN f.turn = 'taken' THEN 'fetching' ELSE 'waiting' END AS state,
  coalesce(f.outcome, m.outcome) AS outcome, coalesce(f.reason, m.reason) AS reason,
  coalesce(f.attempts, m.attempts) AS attempts, m.received_at, m.deadline, f.due_at,
  CASE WHEN m.stage = 'attached' THEN m.ended_at END AS attached_at,
  m.size, m.sha256, m.content_type, m.declared_mime_type, m.declared_size, m.filename, m.voice, m.animated
FROM media m
JOIN workspaces w ON w.id = m.workspace_id
JOIN numbers n ON n.id = m.number_id
JOIN apps a ON a.id = n.app_id
JOIN credentials c ON c.id = n.credential_id
JOIN messages g ON g.id = m.message_row
LEFT JOIN fetches f ON f.media_row = m.id;

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, media_row INTEGER NOT NULL, at REAL NOT NULL,
  operation TEXT NOT NULL, declared_method TEXT NOT NULL, wire_method TEXT, host TEXT, peer_address TEXT,
  status INTEGER, graph_code INTEGER, graph_subcode INTEGER, trace_id TEXT,
  outcome TEXT NOT NULL, duration_s REAL NOT NULL, recipe TEXT NOT NULL, detail TEXT
) STRICT;
CREATE INDEX attempts_of ON attempts (media_row);

-- The feed. On SQLite transactions commit one after the other, so the row number is the position.
CREATE TABLE events (
  id INTEGER PRIMARY KEY, workspace_id INTEGER NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL,
  conversation_id INTEGER, seq INTEGER, message_row INTEGER, media_row INTEGER
) STRICT;
CREATE INDEX events_of_workspace ON events (workspace_id);

-- Media ids that somebody else failed to fetch. Kept apart from `media`, so that the count of what was received
-- does not come from the rows it is compared with.
CREATE TABLE imports (
  number_id INTEGER NOT NULL, wamid TEXT NOT NULL, media_id TEXT NOT NULL,
  workspace_id INTEGER NOT NULL, imported_at REAL NOT NULL, line TEXT NOT NULL,
  PRIMARY KEY (number_id, wamid, media_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE gates (
  id INTEGER PRIMARY KEY AUTOINCREMENT, scope_kind TEXT NOT NULL, scope_value TEXT NOT NULL,
  owner TEXT NOT NULL, opening REAL, overrides INTEGER NOT NULL DEFAULT 0,
  by_whom TEXT NOT NULL, why TEXT NOT NULL, since REAL NOT NULL, until REAL,
  UNIQUE (scope_kind, scope_value, owner)
) STRICT;

CREATE TABLE processes (id TEXT PRIMARY KEY, role TEXT NOT NULL, seen_at REAL NOT NULL) STRICT, WITHOUT ROWID;
