"""Traces: whole exchanges of a scope are kept for a while, without a deploy and without slowing anything down."""
