"""Decisions: pure functions on values, and the values themselves.

Nothing here waits, reads a clock, draws a random number or does I/O; time and jitter are arguments. Everything above
may import it, it imports nothing of ours. Called by every other room.
"""
