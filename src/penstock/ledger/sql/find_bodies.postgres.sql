-- Bodies of a stretch in which one of a JSON list of texts occurs.
SELECT w.id FROM webhooks w WHERE w.id > :after AND w.id <= :last
  AND EXISTS (SELECT 1 FROM jsonb_array_elements_text(CAST(:needles AS jsonb)) AS t (value)
    WHERE position(convert_to(t.value, 'UTF8') IN w.body) > 0)
ORDER BY w.id
