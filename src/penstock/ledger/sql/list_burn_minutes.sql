SELECT operation, minute, outcomes, failures FROM burn_minutes WHERE minute >= :since
