"""One attempt as the watch sees it: the request, what came back, and to whom it belonged.

A value without judgement: what is alarming about many of them is for the machines that look at them. Read from the
record of attempts by ``ledger.tail``; given to every control by ``controls.rounds``.
"""

import msgspec

from penstock.core.work import Outcome

COUNTED = 4  # attempts of an item at an operation are counted up to this: "the fourth or a later one"


class Seen(msgspec.Struct, frozen=True, gc=False):
    """One request that was made for a file, or refused before it was sent. Times are epoch seconds."""

    id: int  # rises with time; of several processes not strictly
    media_row: int
    nth: int  # of this item's attempts at this operation since it was put to work, counted from 1 up to COUNTED
    at: float  # when it began, by the clock of the process that made it
    operation: str  # media.look_up or media.download
    declared_method: str
    wire_method: str | None  # None when nothing was prepared
    host: str | None
    peer_address: str | None
    status: int | None
    graph_code: int | None
    graph_subcode: int | None
    outcome: Outcome
    duration_s: float
    recipe: str
    server: str | None
    worker: str | None
    api_version: str | None
    fresh: bool | None  # whether the connection was made for it; None when there was none
    workspace: str
    number: str  # Meta's id of the business number
    app: str
    credential: str
    conversation_id: int | None  # None when its message never came
    kind: str
    mime_type: str | None
    size: int | None  # bytes, as declared
    received_at: float
    after_s: float | None = None  # upstream asked to wait so long
    usage_percent: float | None = None  # of the fullest limit that upstream named

    @property
    def contract_ok(self) -> bool:
        """Whether our own request was the declared one, as far as it came to that."""
        as_declared = self.wire_method is None or self.wire_method == self.declared_method
        return as_declared and self.outcome is not Outcome.CONTRACT

    @property
    def first(self) -> bool:
        """Whether the item was tried at this operation for the first time."""
        return self.nth == 1
