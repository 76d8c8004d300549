UPDATE media SET ended = :ended, ended_at = :now, outcome = :outcome, reason = :reason, attempts = :attempts
WHERE id = :media_row
