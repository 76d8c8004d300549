-- Files of some workspaces in turns, as if they had come in the last minutes.
WITH RECURSIVE n (i) AS (SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < :last),
made (i, workspace_id, received_at) AS (
  SELECT i, :from_workspace + i % :workspaces, :now - i % :over_s FROM n)
INSERT INTO media (id, workspace_id, number_id, message_row, media_id, kind, voice, animated, received_at, deadline, stage)
SELECT i, workspace_id, workspace_id, CAST(:message_row AS bigint), CAST(1000000000000000 + i AS text), CAST(:kind AS text), 0, 0, received_at,
  received_at + :life_s, 'open' FROM made
