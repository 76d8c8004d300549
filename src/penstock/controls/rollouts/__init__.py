"""Rollouts: which recipe an item gets while one is under way, what is learned of it, and how it goes on or back."""
