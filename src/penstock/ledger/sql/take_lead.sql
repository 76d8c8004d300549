-- Lead from now on, or go on leading, unless somebody else does.
INSERT INTO leaders (role, owner, lease_until) VALUES (:role, :owner, :lease_until)
ON CONFLICT (role) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until
WHERE leaders.owner = excluded.owner OR leaders.lease_until < :now
RETURNING 1
