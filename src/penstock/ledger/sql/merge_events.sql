-- Events already told keep their order: the merged conversation goes on counting after both.
UPDATE conversations SET
  seq = max(seq, (SELECT d.seq FROM conversations d WHERE d.id = :dropped)),
  last_at = max(last_at, (SELECT d.last_at FROM conversations d WHERE d.id = :dropped))
WHERE id = :kept
