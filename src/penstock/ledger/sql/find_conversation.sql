-- Which conversation an alias leads to.
SELECT conversation_id FROM aliases WHERE number_id = :number_id AND alias = :alias
