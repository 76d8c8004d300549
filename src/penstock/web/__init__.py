"""The web room: Meta's door, the API, the inbox, and what monitoring asks for.

It turns HTTP into calls of the flow and the ledger, and rows into JSON and pages. It decides nothing about files or
messages and fetches nothing. Built by ``app.build``, started by ``wiring``.
"""
