SELECT number_id, minutes FROM arrival_hours WHERE hour = :hour
