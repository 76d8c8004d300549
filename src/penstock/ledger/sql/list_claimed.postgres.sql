-- What a fetcher must know of items that it has just taken.
SELECT f.media_row, f.fence, m.workspace_id, w.name, m.number_id, n.phone_number_id, a.name, n.credential_id, c.name,
  m.kind, m.media_id, g.wamid, m.received_at, m.deadline, f.attempts,
  m.declared_mime_type, m.declared_sha256, m.declared_size, f.url, f.url_expires_at, nullif(g.webhook_id, 0),
  nullif(g.conversation_id, 0)
FROM fetches f
JOIN media m ON m.id = f.media_row JOIN workspaces w ON w.id = m.workspace_id
JOIN messages g ON g.id = m.message_row JOIN numbers n ON n.id = m.number_id JOIN apps a ON a.id = n.app_id
JOIN credentials c ON c.id = n.credential_id
WHERE f.media_row = ANY (ARRAY (SELECT value::bigint FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) AS t (value)))
  AND f.turn = 'taken' AND f.owner = :owner
