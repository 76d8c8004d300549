DELETE FROM watch_hours WHERE hour < :before
