DELETE FROM trace_exchanges WHERE media_row = :media_row
