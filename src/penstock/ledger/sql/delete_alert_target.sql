DELETE FROM alert_targets WHERE id = :id
