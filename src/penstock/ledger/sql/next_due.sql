SELECT min(due_at) FROM fetches WHERE owner IS NULL
