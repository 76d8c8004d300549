"""The dimensions of an attempt: what may be the cause of a failure, and what is only its symptom.

A symptom, such as the status, separates failing from good attempts perfectly and explains nothing; so the two are
ranked apart. Pure. Used by ``core.diagnosis`` and by whoever shows a diagnosis.
"""

from collections.abc import Mapping
from types import MappingProxyType

from penstock.core.seen import Seen

# Of rules that match the same failures the one with the smallest sum is named first: what is nearest to a cause.
CAUSES: Mapping[str, float] = MappingProxyType(
    {
        "contract_ok": 0.1,
        "wire_method": 0.5,
        "declared_method": 0.9,
        "operation": 0.6,
        "server": 0.8,
        "peer_address": 0.85,
        "host": 0.9,
        "recipe": 1.0,
        "kind": 1.0,
        "api_version": 1.5,
        "size_band": 1.5,
        "mime_type": 1.6,
        "credential": 1.8,
        "number": 2.0,
        "workspace": 2.0,
        "worker": 3.0,
    }
)
SYMPTOMS = ("status", "graph_code", "graph_subcode", "outcome")

_BANDS = ((64 * 1024, "up to 64 KB"), (1024**2, "64 KB to 1 MB"), (16 * 1024**2, "1 to 16 MB"))
_LARGEST = "over 16 MB"


def causes(seen: Seen) -> dict[str, str]:
    """What may be the cause, of one attempt; what is not known is left out."""
    found = {
        "contract_ok": "yes" if seen.contract_ok else "no",
        "wire_method": seen.wire_method,
        "declared_method": seen.declared_method,
        "operation": seen.operation,
        "server": seen.server,
        "peer_address": seen.peer_address,
        "host": seen.host,
        "recipe": seen.recipe,
        "kind": seen.kind,
        "api_version": seen.api_version,
        "size_band": size_band(seen.size),
        "mime_type": seen.mime_type,
        "credential": seen.credential,
        "number": seen.number,
        "workspace": seen.workspace,
        "worker": seen.worker,
    }
    return {name: value for name, value in found.items() if value}


def symptoms(seen: Seen) -> dict[str, str]:
    """What shows that it failed, of one attempt."""
    found = {
        "status": seen.status,
        "graph_code": seen.graph_code,
        "graph_subcode": seen.graph_subcode,
        "outcome": seen.outcome.value,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def size_band(size: int | None) -> str | None:
    """Into which band of sizes a file of so many bytes falls."""
    if size is None:
        return None
    return next((name for limit, name in _BANDS if size <= limit), _LARGEST)
