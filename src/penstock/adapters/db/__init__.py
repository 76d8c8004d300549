"""Databases behind one port: transactions are scripts that yield statements. See ``port``."""
