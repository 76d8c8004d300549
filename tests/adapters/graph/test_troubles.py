"""The client's exceptions in our words; what they look like on a real socket is tested beside each hop."""

import errno
import itertools
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

from penstock.adapters.graph.addresses import REFUSED
from penstock.adapters.graph.checked import BrokenOff
from penstock.adapters.graph.troubles import Wrong, named, trouble_of
from penstock.contract import ContractViolation
from penstock.core.exchange import Trouble

KEY = ConnectionKey("secret.example", 443, True, True, None, None, None, None)
INFO = aiohttp.RequestInfo(URL("https://secret.example/x?hash=secret"), "GET", {}, URL("https://secret.example/"))  # type: ignore[arg-type]


def connecting(number: int, text: str = "x") -> Exception:
    return aiohttp.ClientConnectorError(KEY, OSError(number, text))


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (Wrong(Trouble.HTML), Trouble.HTML),
        (ContractViolation("the method is 'POST', not 'GET'"), Trouble.CONTRACT),
        (aiohttp.ConnectionTimeoutError("to https://secret.example"), Trouble.CONNECT_TIMEOUT),
        (aiohttp.SocketTimeoutError("secret"), Trouble.READ_TIMEOUT),
        (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "secret")), Trouble.DNS),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("x")), Trouble.TLS),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "secret")), Trouble.TLS),
        (ssl.SSLError(1, "secret"), Trouble.TLS),
        (connecting(errno.ECONNREFUSED), Trouble.CONNECT),
        (connecting(errno.ENETUNREACH), Trouble.CONNECT),
        (connecting(errno.EACCES), Trouble.CONNECT),
        (connecting(errno.EACCES, REFUSED), Trouble.ADDRESS_REFUSED),
        (connecting(errno.EACCES, f"Multiple exceptions: {REFUSED}, {REFUSED}"), Trouble.ADDRESS_REFUSED),
        (connecting(errno.EMFILE), Trouble.LOCAL),
        (connecting(errno.EADDRNOTAVAIL), Trouble.LOCAL),
        (BrokenOff(), Trouble.RESET),
        (aiohttp.ServerDisconnectedError(), Trouble.RESET),
        (aiohttp.ClientOSError(errno.EPIPE, "secret"), Trouble.RESET),
        (aiohttp.ClientResponseError(INFO, (), status=400, message="Got more than 8190 bytes"), Trouble.ENDLESS_HEADERS),
        (aiohttp.ClientResponseError(INFO, (), status=400, message="Too many headers received"), Trouble.ENDLESS_HEADERS),
        (aiohttp.ClientResponseError(INFO, (), status=400, message="secret"), Trouble.BAD_FRAMING),
        (aiohttp.ClientPayloadError("not completed: <ContentLengthError: 400>"), Trouble.CUT_SHORT),
        (aiohttp.ClientPayloadError("x. ConnectionResetError(104, 'secret')"), Trouble.RESET),
        (aiohttp.ClientPayloadError("secret"), Trouble.BAD_FRAMING),
        (aiohttp.InvalidURL("https://secret.example"), Trouble.BAD_FRAMING),
        (OSError(errno.ENOSPC, "secret"), Trouble.LOCAL),
        (ValueError("secret"), Trouble.LOCAL),
        (MemoryError(), Trouble.LOCAL),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_an_exception_has_its_meaning_and_its_text_goes_no_further(error: Exception, trouble: Trouble) -> None:
    found, detail = trouble_of(error)
    assert found is trouble
    assert "secret" not in str(detail)


def test_an_error_is_named_by_its_kind_and_its_number() -> None:
    assert named(OSError(errno.ENOSPC, "secret")) == "OSError ENOSPC"
    assert named(OSError(99_999, "secret")) == "OSError 99999"
    assert named(OSError("secret")) == "OSError"
    assert named(ValueError("secret")) == "ValueError"
