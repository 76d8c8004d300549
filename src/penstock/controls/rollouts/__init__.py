"""Which recipe an item gets, and how far a recipe may go; plugged into the fetcher's socket and the watch's rounds."""
