SELECT id, state, onset_at FROM incidents WHERE operation = :operation AND class = :class AND state <> 'closed'
