UPDATE media SET stage = :stage, ended_at = :now, outcome = :outcome, reason = :reason, attempts = :attempts
WHERE id = :media_row
