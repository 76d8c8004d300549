"""Reprocessing: carries the runs on that put ended files back to work."""
