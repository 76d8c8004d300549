-- Messages without a file that were received in a time.
SELECT count(*) FROM messages WHERE received_at >= :since AND received_at <= :until AND kind = 'text'
