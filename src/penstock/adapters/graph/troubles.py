"""From the client's exceptions to our words for what went wrong.

The texts of foreign exceptions carry URLs, so none of them goes further than this module: the detail that is kept is
made here. Used by ``http`` and ``body``.
"""

import errno
import ssl
from collections.abc import Callable
from typing import Any

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientOSError,
    ClientPayloadError,
    ClientResponseError,
    ClientSSLError,
    ConnectionTimeoutError,
    ServerDisconnectedError,
    ServerTimeoutError,
)

from penstock.adapters.graph.addresses import REFUSED
from penstock.adapters.graph.checked import BrokenOff
from penstock.contract.checking import ContractViolation
from penstock.core.exchange import Trouble

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})
_ENDLESS = ("Got more than", "Too many headers")
_SHORT = ("ContentLengthError", "Not enough data")
_RESETS = ("ConnectionResetError", "BrokenPipeError", "ConnectionAbortedError")


class Wrong(Exception):  # noqa: N818  not an error of the program: the answer is wrong
    """The answer broke its contract."""

    def __init__(self, trouble: Trouble, detail: str | None = None) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.detail = detail


def trouble_of(error: Exception) -> tuple[Trouble, str | None]:
    """What an exception means, and one line about it that carries no URL."""
    for kinds, meaning in _MEANINGS:
        if isinstance(error, kinds):
            return meaning(error)
    return Trouble.LOCAL, named(error)


def named(error: Exception) -> str:
    """An exception by its kind, and an OSError by its number too."""
    number = error.errno if isinstance(error, OSError) else None
    return f"{type(error).__name__} {errno.errorcode.get(number, number)}" if number else type(error).__name__


def _certificate(error: ClientConnectorCertificateError) -> str:
    reason = error.certificate_error
    return str(getattr(reason, "verify_message", "") or "the certificate was not accepted")[:200]


def _connecting(error: ClientConnectorError) -> tuple[Trouble, str | None]:
    if REFUSED in str(error.os_error):
        return Trouble.ADDRESS_REFUSED, "the name leads to an address that is not public"
    trouble = Trouble.LOCAL if error.os_error.errno in _OURS else Trouble.CONNECT
    return trouble, named(error.os_error)


def _head(error: ClientResponseError) -> tuple[Trouble, str | None]:
    if error.message.startswith(_ENDLESS):
        return Trouble.ENDLESS_HEADERS, None
    return Trouble.BAD_FRAMING, "the head of the answer is not HTTP"


def _body(error: ClientPayloadError) -> tuple[Trouble, str | None]:
    text = str(error)
    if any(word in text for word in _RESETS):
        return Trouble.RESET, "in the middle of the body"
    if any(word in text for word in _SHORT):
        return Trouble.CUT_SHORT, None
    return Trouble.BAD_FRAMING, "the body is not framed as HTTP says"


# The first kind that fits decides: the client's exceptions are kinds of each other.
_MEANINGS: tuple[
    tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], tuple[Trouble, str | None]]], ...
] = (
    (Wrong, lambda error: (error.trouble, error.detail)),
    (ContractViolation, lambda error: (Trouble.CONTRACT, str(error))),
    (ConnectionTimeoutError, lambda _: (Trouble.CONNECT_TIMEOUT, None)),
    (ServerTimeoutError, lambda _: (Trouble.READ_TIMEOUT, None)),
    (ClientConnectorDNSError, lambda _: (Trouble.DNS, None)),
    (ClientConnectorCertificateError, lambda error: (Trouble.TLS, _certificate(error))),
    ((ClientSSLError, ssl.SSLError), lambda _: (Trouble.TLS, "the handshake failed")),
    (ClientConnectorError, _connecting),
    ((BrokenOff, ServerDisconnectedError, ClientOSError), lambda _: (Trouble.RESET, "before an answer came")),
    (ClientResponseError, _head),
    (ClientPayloadError, _body),
    (ClientError, lambda error: (Trouble.BAD_FRAMING, type(error).__name__)),
)
