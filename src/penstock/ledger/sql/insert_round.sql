-- Put a file back to work: as backlog, however lately it came, and behind all others when its time is over; without a URL, and
-- with fences above any that were given out for it, so that a worker of an earlier round can change nothing.
INSERT INTO fetches (media_row, workspace_id, number_id, kind, turn, due_at, received_at, deadline, fence)
SELECT m.id, m.workspace_id, m.number_id, m.kind, 'ready', :now, :backlog_at,
  CASE WHEN m.deadline <= :now THEN :last_of_all ELSE m.deadline END, m.rounds * 4294967296
FROM media m WHERE m.id = :media_row ON CONFLICT (media_row) DO NOTHING
