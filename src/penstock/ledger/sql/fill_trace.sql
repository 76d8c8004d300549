UPDATE traces SET exchanges = :exchanges, bytes = :bytes WHERE id = :id
