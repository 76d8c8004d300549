-- Events already told keep their order: the merged conversation goes on counting after both. It shows the later last line.
UPDATE conversations AS k SET
  seq = greatest(k.seq, d.seq),
  last_text = CASE WHEN d.last_at > k.last_at THEN d.last_text ELSE k.last_text END,
  last_kind = CASE WHEN d.last_at > k.last_at THEN d.last_kind ELSE k.last_kind END,
  last_direction = CASE WHEN d.last_at > k.last_at THEN d.last_direction ELSE k.last_direction END,
  title = CASE WHEN k.title = '' OR d.last_at > k.last_at AND d.title <> '' THEN d.title ELSE k.title END,
  contact = CASE WHEN k.contact = '' THEN d.contact ELSE k.contact END,
  last_at = greatest(k.last_at, d.last_at)
FROM conversations AS d WHERE k.id = :kept AND d.id = :dropped
