SELECT id, state FROM incidents WHERE operation = :operation AND class = :class AND state <> 'closed'
