"""When to say that files behind a shut gate are near their end: at a day, six hours and an hour before, once each.

What was said before is a value that is handed back in. A threshold of a gate is told again only once ten times as many
files have come to it, for the few that were told of may hide the many that follow. Pure. Run by
``controls.gates.deadlines``.
"""

from collections.abc import Mapping

import msgspec

from penstock.core.expiry import Expiring, Share

_AGAIN = 10  # times as many files as were told of

Told = Mapping[tuple[int, float, bool], int]  # (gate, threshold, on No-Storage numbers) → how many files were told of


class Near(msgspec.Struct, frozen=True):
    """Files of one gate that came to a threshold."""

    gate_id: int
    within_s: float
    no_storage: bool
    share: Share
    first_at: float | None


def look(told: Told, behind: Mapping[int, Expiring]) -> tuple[dict[tuple[int, float, bool], int], list[Near]]:
    """What is to be said now of what stands behind each shut gate, the nearest end first; and what has been said then.

    A gate that is not shut any more is forgotten, so that it is told of again when it is shut again.
    """
    kept = {key: files for key, files in told.items() if key[0] in behind}
    said = []
    for gate_id, found in behind.items():
        for (within_s, no_storage), share in found.near.items():
            key = (gate_id, within_s, no_storage)
            before = kept.get(key)
            if share.files and (before is None or share.files >= _AGAIN * before):
                kept[key] = share.files
                said.append(Near(gate_id, within_s, no_storage, share, found.first_at))
    return kept, sorted(said, key=lambda near: (near.within_s, near.gate_id, near.no_storage))
