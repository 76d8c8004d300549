-- Churn: one of so many of each lane is taken, as if by a fetcher.
UPDATE fetches SET turn = 'taken', owner = 'made', lease_until = :now, fence = fence + 1
WHERE turn = 'ready' AND media_row BETWEEN :first AND :last AND (media_row / :lanes) % :of_each = 0
