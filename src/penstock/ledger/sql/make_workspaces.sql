WITH RECURSIVE n (i) AS (SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO workspaces (id, name, is_test, created_at) SELECT i, 'made-' || i, 1, CAST(:now AS double precision) FROM n
