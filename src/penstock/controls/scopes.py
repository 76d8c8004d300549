"""What every control by hand asks for: a scope that names something known, and a reason in one line.

It looks names up and changes nothing. Used by the controls that people operate.
"""

import re
from collections.abc import Collection, Mapping

from penstock.core import scope
from penstock.core.errors import WrongUse
from penstock.core.media import KINDS
from penstock.core.operation import REGISTRY
from penstock.ledger.book import Ledger

LONGEST_WHY = 500
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


async def check(ledger: Ledger, wanted: Mapping[str, str]) -> None:
    """Raise NotFound unless a scope names something known; WrongUse unless it is everything or one thing."""
    scope.check(wanted, await _known(ledger, wanted))


def reason(why: str) -> str:
    """A reason in one line. Raises WrongUse when there is none."""
    told = " ".join(_CONTROLS.sub(" ", why.encode("utf-8", "replace").decode()).split())
    if not told or len(told) > LONGEST_WHY:
        raise WrongUse(f"say why, in 1 to {LONGEST_WHY} characters: it is kept in the audit log and shown to others")
    return told


async def _known(ledger: Ledger, wanted: Mapping[str, str]) -> dict[str, Collection[str]]:
    """The names that there are of the kind that a scope names."""
    store = ledger.provisioning
    match next(iter(wanted), ""):
        case "workspace":
            return {"workspace": [str(row["name"]) for row in await store.workspaces()]}
        case "app":
            return {"app": [str(row["name"]) for row in await store.apps()]}
        case "credential":
            return {"credential": [str(row["name"]) for row in await store.credentials()]}
        case "number":
            return {"number": [str(row["phone_number_id"]) for row in await store.numbers()]}
        case _:
            hosts = {host for places in ledger.hosts.values() for host in places}
            return {"host": hosts, "operation": tuple(REGISTRY), "kind": KINDS}
