-- Which conversations two aliases lead to.
SELECT alias, conversation_id FROM aliases WHERE number_id = :number_id AND alias IN (:alias, :other)
