-- Runs, the newest first; those that are not over when `open_only` is 1.
SELECT r.id, r.workspace_id, w.name, r.asked, r.by_whom, r.why, r.created_at, r.changed_at, r.ended_at, r.refusals, r.bytes, r.sizes_unknown,
  r.place, r.unswept, r.state, r.selecting, r.on_trial, r.stopped, r.reason, r.rate, r.next_at, r.selected, r.refused, r.waiting,
  r.under_way, r.attached, r.failed, r.expired, r.cancelled, r.seen_attached, r.seen_ended
FROM reprocess_runs r LEFT JOIN workspaces w ON w.id = r.workspace_id
WHERE (:workspace_id = 0 OR r.workspace_id = :workspace_id) AND (:open_only = 0 OR r.ended_at IS NULL) AND r.id < :before
ORDER BY r.id DESC LIMIT :limit
