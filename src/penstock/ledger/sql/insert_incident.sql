INSERT INTO incidents (operation, class, state, onset_at, opened_at, why, rate)
VALUES (:operation, :class, :state, :onset_at, :now, :why, :rate)
ON CONFLICT (operation, class) WHERE state <> 'closed' DO NOTHING RETURNING id
