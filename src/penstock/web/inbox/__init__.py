"""The inbox: conversations with their messages and files, as pages that need no JavaScript.

Rows become views (``thread``, ``attachment``, ``kinds``), views become HTML by the templates, and ``pages`` and
``signin`` serve them. With JavaScript an open page asks for itself again when it is told that something changed.
"""
