"""The check of a prepared request against a closed set of declared operations.

It compares and raises; it sends nothing and knows no client library. The comparison uses the pieces of ``core`` that
guard Penstock's own requests. Called by the guards of this room, and by whoever wraps a client of another kind.
"""

from penstock.contract.declaring import Operation
from penstock.core import contract, hosts
from penstock.core.contract import Prepared
from penstock.core.errors import PenstockError
from penstock.core.hosts import DEFAULT_PORTS, Web
from penstock.core.operation import OVERRIDES, in_disguise, registry


class ContractViolation(PenstockError):  # noqa: N818  named for what it is
    """A request was prepared that nobody declared. It was not sent."""


class Contract:
    """A closed set of operations. Raises DeclarationError when two have the same name."""

    def __init__(self, *operations: Operation) -> None:
        self.operations = registry(*operations)

    def check(self, prepared: Prepared, operation: str | None = None) -> Operation:
        """The operation that a request is: any that was declared, or this one. Raises ContractViolation."""
        known = self.operations
        if operation is not None and operation not in known:
            raise ContractViolation(f"nobody declared an operation {operation[:80]!r}; it was not sent")
        asked = tuple(known.values()) if operation is None else (known[operation],)
        for each in asked:
            if violation(prepared, each) is None:
                return each
        raise ContractViolation(f"{_nearest(prepared, asked)}; it was not sent")


def violation(prepared: Prepared, operation: Operation) -> str | None:
    """What is wrong with a prepared request, in one sentence without secrets; None when it is as declared."""
    web = place(prepared)
    if web is None:
        return "its URL could be read in more than one way"
    return (
        _misplaced(web, operation)
        or _of_line(prepared, operation)
        or contract.of_query(web.query, operation.query, operation.name)
        or _of_headers(prepared, operation)
        or _of_body(prepared, operation)
    )


def place(prepared: Prepared) -> Web | None:
    """Where a prepared request goes; None when that could be read in more than one way."""
    host = f"[{prepared.host}]" if ":" in prepared.host else prepared.host
    port = DEFAULT_PORTS.get(prepared.scheme, 0) if prepared.port is None else prepared.port
    return hosts.read(f"{prepared.scheme}://{host}:{port}{prepared.target}")


def _nearest(prepared: Prepared, asked: tuple[Operation, ...]) -> str:
    """What keeps the request from being the operation that it is most like."""
    web = place(prepared)
    near = [each for each in asked if web is not None and _misplaced(web, each) is None]
    if near or len(asked) == 1:
        nearest = (near or asked)[0]
        return f"{nearest.name}: {violation(prepared, nearest)}"
    return f"nothing that was declared goes to this path of {prepared.host[:80]!r}"


def _misplaced(web: Web, operation: Operation) -> str | None:
    if not hosts.allowed(web, operation.hosts, insecure=operation.insecure):
        return f"{web.scheme}://{web.authority} is not one of its hosts"
    return None if operation.path.fullmatch(web.path) else "the path is not one of its own"


def _of_line(prepared: Prepared, operation: Operation) -> str | None:
    if type(prepared.method) is not str or prepared.method != operation.method:
        return f"the method is {str(prepared.method)[:20]!r}, not {operation.method!r}"
    if not prepared.verified and not operation.insecure:
        return "the server's certificate would not be checked"
    return None


def _of_headers(prepared: Prepared, operation: Operation) -> str | None:
    there = [name.lower() for name, _ in prepared.headers]
    for name in there:
        if in_disguise(name) in OVERRIDES:
            return f"the header {name[:40]!r} stands for another method"
    for name in operation.headers:
        if (count := there.count(name.lower())) != 1:
            return f"the header {name} is missing" if count == 0 else f"the header {name} stands there twice"
    return None


def _of_body(prepared: Prepared, operation: Operation) -> str | None:
    if prepared.tunnelled is not None:
        return f"the field {prepared.tunnelled[:40]!r} of its body stands for another method"
    announced = {name.lower(): value for name, value in prepared.headers}
    length = announced.get("content-length", "0")
    if not operation.body and (prepared.body or length != "0" or "transfer-encoding" in announced):
        return "there is a body, or something that announces one"
    return None
