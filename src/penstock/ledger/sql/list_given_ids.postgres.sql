-- Its sequences know by themselves.
SELECT ''::text, 0::bigint WHERE false
