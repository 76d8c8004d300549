"""Adapters: the outside world behind small ports. Databases, Meta's Graph, files.

Each folder holds a ``port.py`` (what callers need) and its adapters beside it, named technology and role. They know
``core`` and nothing else of ours; ``wiring`` chooses among them.
"""
