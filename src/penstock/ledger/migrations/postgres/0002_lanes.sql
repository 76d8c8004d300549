-- Claiming by lanes: what is ready, by lane and deadline, and by lane and minute of arrival.
DROP INDEX fetches_ready;
CREATE INDEX fetches_lanes ON fetches (workspace_id, number_id, kind, deadline) WHERE turn = 'ready';
CREATE INDEX fetches_live ON fetches (workspace_id, number_id, kind, floor(received_at / 60), deadline)
  WHERE turn = 'ready';
