-- Bodies of a stretch in which one of a JSON list of texts occurs.
SELECT w.id FROM webhooks w WHERE w.id > :after AND w.id <= :last
  AND EXISTS (SELECT 1 FROM json_each(:needles) t WHERE instr(w.body, CAST(t.value AS BLOB)) > 0)
ORDER BY w.id
