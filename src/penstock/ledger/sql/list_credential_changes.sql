-- Since when each credential has the token that it has.
SELECT name, changed_at FROM credentials
