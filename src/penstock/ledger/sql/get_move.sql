SELECT source, began_at, ended_at FROM moves
