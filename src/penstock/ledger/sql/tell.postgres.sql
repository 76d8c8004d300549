-- Heard by whoever listens on the channel, when the transaction is committed.
SELECT pg_notify(:channel, :payload)
