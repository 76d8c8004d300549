"""The ledger: the durable record of everything received and everything done about it.

One ``.sql`` file per statement under ``sql/``, stores beside it that string them into transactions. It decides
nothing: what follows what is ``core``'s business. ``book.Ledger`` is the way in; called by every room above.
"""
