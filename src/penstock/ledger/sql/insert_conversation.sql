INSERT INTO conversations (workspace_id, number_id, title, contact, is_group, last_at, last_text, last_kind, last_direction)
VALUES (:workspace_id, :number_id, :title, :contact, :is_group, 0, NULL, '', 'in') RETURNING id
