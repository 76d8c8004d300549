INSERT INTO incidents (operation, class, state, onset_at, opened_at, why, rate, severity)
VALUES (:operation, :class, :state, :onset_at, :now, :why, :rate, :severity)
ON CONFLICT (operation, class) WHERE state <> 'closed' DO NOTHING RETURNING id
