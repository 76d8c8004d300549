"""``/api/v1``: what programs read and set, as JSON.

Every endpoint is an entry of one table (``routes``); the routes and the OpenAPI document are both made from it. The
handlers ask the ledger and turn rows into the shapes of ``shapes``; they hold no rules of their own.
"""
