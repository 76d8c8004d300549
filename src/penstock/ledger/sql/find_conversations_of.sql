-- The conversations that an alias leads to, at the numbers of one workspace or of all.
SELECT DISTINCT a.conversation_id FROM numbers n JOIN aliases a ON a.number_id = n.id AND a.alias = :alias
WHERE (:workspace_id = 0 OR n.workspace_id = :workspace_id) ORDER BY a.conversation_id
