INSERT INTO reprocess_runs (workspace_id, asked, by_whom, why, created_at, changed_at, refusals, bytes, sizes_unknown, place,
  state, selecting, on_trial, stopped, reason, rate, next_at, selected, refused, waiting, under_way, attached, failed, expired,
  cancelled, seen_attached, seen_ended)
VALUES (:workspace_id, :asked, :by_whom, :why, :now, :now, '{}', 0, 0, '[]',
  :state, :selecting, :on_trial, :stopped, :reason, :rate, :next_at, :selected, :refused, :waiting, :under_way, :attached,
  :failed, :expired, :cancelled, :seen_attached, :seen_ended)
RETURNING id
