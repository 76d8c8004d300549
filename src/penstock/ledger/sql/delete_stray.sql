DELETE FROM strays WHERE phone_number_id = :phone_number_id AND webhook_id = :webhook_id
