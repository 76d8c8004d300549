"""An operation as anybody may declare it: which verb, where to, with which query keys, headers and body.

It is checked when it is made, by the rules of ``core.operation``: what a client library or a server could read in
another way than it is meant never becomes one. A value, without behaviour. Used through ``penstock.contract``.
"""

import re
from dataclasses import dataclass
from typing import Literal

from penstock.core import hosts
from penstock.core.operation import DeclarationError, check_line, check_names, is_text

__all__ = ["METHODS", "DeclarationError", "Operation"]

METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request as it is declared. Raises DeclarationError when it is not fit to be declared.

    A method override (``method=``, ``X-HTTP-Method-Override`` and their like, in query, headers or body) cannot be
    declared and is always refused, and so is a token in the query.
    """

    name: str  # "orders.read"
    method: Literal["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD"]
    hosts: tuple[str, ...]  # whole names; one that begins with a dot stands for everything below it
    path: re.Pattern[str]  # must match the whole path, as it is written on the wire
    query: frozenset[str] | None = frozenset()  # the keys it may have; None = any that is declarable
    headers: tuple[str, ...] = ()  # that it must have, once each; others are permitted
    body: bool = False  # whether it may have one
    insecure: bool = False  # http, other ports and unchecked certificates are permitted: for tests

    def __post_init__(self) -> None:
        """Refuse whatever could be read in another way than it is meant."""
        check_line(self.name, self.method, self.path, methods=METHODS)
        check_names(self.name, self.query, self.headers)
        if not _are_hosts(self.hosts):
            raise DeclarationError(f"operation {self.name} needs a tuple of host names in small letters")
        if not _are_flags(self.body, self.insecure):
            raise DeclarationError(f"operation {self.name} needs True or False for body and insecure")


def _are_hosts(names: object) -> bool:
    return isinstance(names, tuple) and bool(names) and all(map(_is_host, names))


def _are_flags(*values: object) -> bool:
    return all(type(value) is bool for value in values)


def _is_host(host: object) -> bool:
    """A name or an address in the one way in which it is compared; below a dot there are at least two labels."""
    if not is_text(host) or (host.startswith(".") and "." not in host[1:]):
        return False
    written = f"x{host}" if host.startswith(".") else f"[{host}]" if ":" in host else host
    web = hosts.read(f"https://{written}/")
    return web is not None and web.host == written.strip("[]") and web.target == "/" and web.port == 443
