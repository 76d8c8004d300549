-- It looks at its rows.
SELECT :table_name, :column_name, :last
