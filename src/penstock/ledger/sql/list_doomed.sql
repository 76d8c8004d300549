SELECT media_row FROM doomed WHERE due_at <= :now ORDER BY due_at LIMIT :limit
