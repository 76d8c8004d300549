-- What comes to each number since an hour, removed ones left out: when something last came. 0 stands for all.
SELECT h.number_id, max(h.last_at) FROM arrival_hours h LEFT JOIN numbers n ON n.id = h.number_id
WHERE h.hour >= :since AND (h.number_id = 0 OR n.removed_at IS NULL AND n.id IS NOT NULL) GROUP BY h.number_id
