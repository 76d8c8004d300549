SELECT :name, :starts_at, :ends_at, :patience WHERE 0
