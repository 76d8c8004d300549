"""The command line: one module per family of commands, loaded when the command is run.

Commands work beside a running instance, by short transactions of their own; only ``serve`` takes the lock. Answers go
to stdout, everything else to stderr. Nothing imports this room.
"""
