UPDATE reprocess_runs SET changed_at = :now, ended_at = :ended_at, refusals = :refusals, bytes = :bytes,
  sizes_unknown = :sizes_unknown, place = :place, unswept = :unswept, state = :state, selecting = :selecting,
  on_trial = :on_trial, stopped = :stopped, reason = :reason, rate = :rate, next_at = :next_at, selected = :selected,
  refused = :refused, waiting = :waiting, under_way = :under_way, attached = :attached, failed = :failed, expired = :expired,
  cancelled = :cancelled, seen_attached = :seen_attached, seen_ended = :seen_ended
WHERE id = :id
