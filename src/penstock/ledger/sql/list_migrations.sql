SELECT number FROM migrations
