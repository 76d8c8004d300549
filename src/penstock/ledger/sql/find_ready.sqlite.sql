-- The first items of each lane: those nearest to their deadline, and the newest of those that came lately (1). A lane is
-- [workspace, number, kind] in a JSON list, and is named by its place in it.
SELECT t.key, 0, f.media_row, f.deadline FROM json_each(:lanes) t JOIN fetches f ON f.media_row IN (
  SELECT x.media_row FROM fetches x
  WHERE x.turn = 'ready' AND x.workspace_id = t.value->>0 AND x.number_id = t.value->>1 AND x.kind = t.value->>2
  ORDER BY x.deadline LIMIT :each)
UNION ALL
SELECT t.key, 1, f.media_row, f.deadline FROM json_each(:lanes) t JOIN fetches f ON f.media_row IN (
  SELECT x.media_row FROM fetches x
  WHERE x.turn = 'ready' AND x.workspace_id = t.value->>0 AND x.number_id = t.value->>1 AND x.kind = t.value->>2
    AND CAST(x.received_at / 60 AS INTEGER) >= :live_minute
  ORDER BY CAST(x.received_at / 60 AS INTEGER) DESC, x.deadline DESC LIMIT :each)
