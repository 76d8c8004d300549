"""What each fault of the simulated platform looks like from here: the one table of expectations.

The simulator knows what a server does wrong, ``core`` what is to be made of what was seen; this table joins them. The
documentation's list of faults is drawn from it, and tests run the whole fetcher against it. It decides nothing: class,
retry, fault and sentence come from ``core.verdict``.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.core.exchange import Exchange, Trouble
from penstock.core.operation import DOWNLOAD, LOOK_UP
from penstock.core.verdict import Verdict, judge
from penstock.simulator.catalogue import Hop

_AT = 1_795_000_000.0
_HOUR_S = 3_600.0


class Seen(msgspec.Struct, frozen=True):
    """What the client meets when a server shows a fault at every request. Nothing wrong: the file is attached."""

    status: int | None = 200
    trouble: Trouble | None = None
    code: int | None = None
    subcode: int | None = None
    operation: str | None = None  # where it is met, when that is not where it was made

    @property
    def good(self) -> bool:
        """Whether the file arrives all the same."""
        return self.trouble is None and self.status == 200 and self.code is None


def verdict(seen: Seen, hop: Hop, *, age_s: float = _HOUR_S, left_s: float = 24 * _HOUR_S) -> Verdict:
    """What is made of it, for a file of this age with so long to live."""
    exchange = Exchange(
        operation=operation(seen, hop),
        declared_method="GET",
        at=_AT,
        duration_s=0.1,
        status=seen.status,
        graph_code=seen.code,
        graph_subcode=seen.subcode,
        trouble=seen.trouble,
    )
    return judge(exchange, now=_AT, received_at=_AT - age_s, deadline=_AT + left_s)


def operation(seen: Seen, hop: Hop) -> str:
    """The operation in whose attempt it shows."""
    return seen.operation or (LOOK_UP.name if hop == "lookup" else DOWNLOAD.name)


_FINE = Seen()


def _met(trouble: Trouble, status: int | None = 200) -> Seen:
    return Seen(status, trouble)


def _refused(status: int, code: int | None = None, subcode: int | None = None) -> Seen:
    return Seen(status, None, code, subcode)


_EITHER: dict[str, Seen] = {
    "ok": _FINE,
    "slow": _FINE,
    "chunked": _FINE,
    "no-length": _FINE,
    "glued": _FINE,
    "get-405": _refused(405, 1),
    "server-error": _refused(500, 2),
    "maintenance": _refused(500, 131057),
    "hang": _met(Trouble.READ_TIMEOUT, None),
    "cut-short": _met(Trouble.CUT_SHORT),
    "reset": _met(Trouble.RESET),
    "throttle-429": _refused(429, 4, 2446079),
    "throttle-400": _refused(400, 80007),
    "token-190": _refused(401, 190, 463),
    "unauthorized": _refused(401),
    "permission": _refused(403, 10),
    "redirect": _met(Trouble.REDIRECT, 302),
    "html-page": _met(Trouble.HTML),
    "gzip": _met(Trouble.ENCODED),
    "two-lengths": _met(Trouble.BAD_FRAMING, None),
    "length-and-chunked": _met(Trouble.BAD_FRAMING, None),
    "endless-headers": _met(Trouble.ENDLESS_HEADERS, None),
}
_LOOK_UP: dict[str, Seen] = {
    "form-405": _FINE,  # our request is a plain GET
    "form-400": _FINE,
    "form-honoured": _FINE,
    "drip": _met(Trouble.READ_TIMEOUT, None),
    "bad-json": _met(Trouble.NOT_JSON),
    "wrong-hash": Seen(trouble=Trouble.WRONG_HASH, operation=DOWNLOAD.name),  # only the bytes find it out
    "gone": _refused(400, 100, 33),
    "wrong-host": _met(Trouble.FOREIGN_URL),
    "error-in-200": _refused(200, 131000),
}
_DOWNLOAD: dict[str, Seen] = {
    "drip": _met(Trouble.TOO_SLOW),
    "wrong-bytes": _met(Trouble.WRONG_HASH),
    "shorter-bytes": _met(Trouble.WRONG_SIZE),
    "not-found": _refused(404),
    "error-in-200": Seen(trouble=Trouble.ERROR_BODY, code=131000),
    "oversize": _met(Trouble.TOO_LONG),
    "oversize-chunked": _met(Trouble.TOO_LONG),
}
EXPECTED: Mapping[tuple[str, Hop], Seen] = MappingProxyType(
    {
        **{(fault, "lookup"): seen for fault, seen in (_EITHER | _LOOK_UP).items()},
        **{(fault, "download"): seen for fault, seen in (_EITHER | _DOWNLOAD).items()},
    }
)
