SELECT operation, class, hour, outcomes, failures FROM watch_hours WHERE hour >= :since
