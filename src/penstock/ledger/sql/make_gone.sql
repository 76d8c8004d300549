-- Churn: some of what was made is over.
DELETE FROM fetches WHERE media_row BETWEEN :first AND :last
