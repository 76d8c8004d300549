-- The first items of each lane: those nearest to their deadline, and the newest of those that came lately (1). A lane is
-- [workspace, number, kind] in a JSON list, and is named by its place in it. What another fetcher is taking is passed over.
WITH lane AS MATERIALIZED (
  SELECT (t.place - 1)::integer AS place, (t.value->>0)::bigint AS workspace_id, (t.value->>1)::bigint AS number_id,
    t.value->>2 AS kind
  FROM jsonb_array_elements(CAST(:lanes AS jsonb)) WITH ORDINALITY AS t (value, place))
SELECT lane.place, 0, f.media_row, f.deadline FROM lane CROSS JOIN LATERAL (
  SELECT x.media_row, x.deadline FROM fetches x
  WHERE x.turn = 'ready' AND x.workspace_id = lane.workspace_id AND x.number_id = lane.number_id AND x.kind = lane.kind
  ORDER BY x.workspace_id, x.number_id, x.kind, x.deadline LIMIT :each FOR UPDATE SKIP LOCKED) f
UNION ALL
SELECT lane.place, 1, f.media_row, f.deadline FROM lane CROSS JOIN LATERAL (
  SELECT x.media_row, x.deadline FROM fetches x
  WHERE x.turn = 'ready' AND x.workspace_id = lane.workspace_id AND x.number_id = lane.number_id AND x.kind = lane.kind
    AND floor(x.received_at / 60) >= :live_minute
  ORDER BY x.workspace_id DESC, x.number_id DESC, x.kind DESC, floor(x.received_at / 60) DESC, x.deadline DESC
  LIMIT :each FOR UPDATE SKIP LOCKED) f
