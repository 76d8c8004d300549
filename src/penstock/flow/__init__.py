"""The flow: webhooks in, files fetched, events out.

The steps never call each other; they hand over through the ledger. The flow does not know that it is watched or
steered: before a piece of work it asks the gates, after it it tells the witness (``sockets``). Started by ``wiring``.
"""
