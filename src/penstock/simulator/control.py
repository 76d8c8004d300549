"""The control endpoint: what a Platform can be told, as JSON over loopback HTTP, for tests and benchmarks elsewhere.

``POST /_control/COMMAND`` with an object of arguments, ``GET`` for what was received; SCENARIOS.md lists both. Callers
from other machines and from web pages are refused. Faults do not reach it and the record does not show it.
"""

import contextlib
import ipaddress
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from .incoming import Incoming
from .orders import ORDERS
from .plans import Answer, Plan, plainly
from .samples import SamplesUnavailable
from .scenario_file import BadScenario, one_line

if TYPE_CHECKING:
    from .platform import Platform

PREFIX = "/_control"
_LISTED_AT_MOST = 10_000


class Refused(Exception):  # noqa: N818 - it says what became of the order
    """An order that cannot be carried out; the message says why in one line."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Control:
    """Carries out orders that come over HTTP."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform

    async def answer(self, request: Incoming, client: str) -> Plan:
        """The answer to a request below ``PREFIX``, whatever happens."""
        try:
            return _plan(200, await self._do(request, client))
        except Refused as error:
            return _plan(error.status, {"error": str(error)})
        except SamplesUnavailable as error:
            return _plan(503, {"error": str(error)})
        except TimeoutError as error:
            return _plan(504, {"error": str(error)})
        except KeyError as error:
            return _plan(404, {"error": f"{error.args[0]!r} is not known"})
        except (BadScenario, TypeError, ValueError) as error:
            return _plan(400, {"error": " ".join(str(error).split())})

    async def _do(self, request: Incoming, client: str) -> Any:
        if not _loopback(client):
            raise Refused(403, "the control endpoint answers callers on this machine only")
        name = request.path[len(PREFIX) :].strip("/")
        if request.method == "GET":
            return self._show(name, dict(request.query()))
        if request.method != "POST":
            raise Refused(405, "orders come by POST, questions by GET")
        if (request.header("content-type") or "").partition(";")[0].strip() != "application/json":
            raise Refused(415, "orders come as application/json")  # a form on a web page could not send that
        order = ORDERS.get(name)
        if order is None:
            raise Refused(404, f"there is no order {name!r}")
        try:
            arguments = msgspec.json.decode(request.body or b"{}", type=order.arguments)
        except msgspec.ValidationError as error:
            raise Refused(400, one_line(str(error))) from None
        except msgspec.DecodeError as error:
            raise Refused(400, f"the body is not JSON: {error}") from None
        result = order.carry_out(self._platform, arguments)
        return await result if isinstance(result, Awaitable) else result

    def _show(self, name: str, query: dict[str, str]) -> Any:
        if name == "":
            return self._facts()
        record = self._platform.record
        lists: dict[str, Iterable[Any]] = {"requests": record.requests, "deliveries": record.deliveries}
        if name not in lists:
            raise Refused(404, f"there is no question {name!r}")
        after, limit = int(query.get("after", 0)), int(query.get("limit", 1000))
        found: list[Any] = []
        for entry in lists[name]:
            if entry.number > after and len(found) < min(limit, _LISTED_AT_MOST):
                found.append(entry)
        return {name: found}

    def _facts(self) -> dict[str, Any]:
        platform = self._platform
        return {
            "graph_url": platform.graph_url,
            "media_hosts": platform.media_hosts,
            "now": platform.clock.now(),
            "speed": platform.clock.speed,
            "outstanding": platform.outstanding,
            "connections": platform.record.connections,
            "requests": platform.record.seen,
            "totals": [
                {"hop": hop, "status": status, "count": count}
                for (hop, status), count in sorted(platform.record.totals.items())
            ],
            "faults": dict(platform.record.faults),
            "numbers": sorted(platform.world.numbers),
            "media": len(platform.world.shelf),
        }


def _plan(status: int, value: Any) -> Plan:
    return plainly(Answer(status, msgspec.json.encode(value), headers={"Cache-Control": "no-store"}))


def _loopback(client: str) -> bool:
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(client.partition("%")[0])
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    return False
