DELETE FROM arrival_hours WHERE hour < :before
