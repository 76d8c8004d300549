UPDATE stamps SET position = :position
