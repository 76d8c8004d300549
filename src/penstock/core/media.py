"""The life of a media item: its states, the transitions between them, its deadline.

The table below is the only place that says which step may follow which; the ledger's statements carry it out and the
diagram in ``docs/states.md`` is drawn from it. "Held" is not a state: it is a waiting item whose scope has a shut gate.
Called by the ledger, the fetcher and the documentation's test.
"""

from enum import StrEnum

MEDIA_LIFE_S = 7 * 86_400.0  # Meta keeps inbound media for seven days
NO_STORAGE_LIFE_S = 3_600.0  # on a No-Storage number for an hour at most
KINDS = ("image", "audio", "video", "document", "sticker")


class State(StrEnum):
    """Where a media item stands."""

    WAITING = "waiting"
    FETCHING = "fetching"
    ATTACHED = "attached"
    EXPIRED = "expired"
    FAILED = "failed"
    ERASED = "erased"


class Step(StrEnum):
    """What may happen to a media item."""

    CLAIM = "claim"  # a fetcher takes it, with a lease and a raised fence
    PUT_BACK = "put back"  # it met a shut gate or a stopping process: unspent
    RETRY = "retry"  # an attempt failed and another one is due later
    LOSE_LEASE = "lose lease"  # the fetcher that had it is gone
    ATTACH = "attach"  # durable, verified, recorded
    EXPIRE = "expire"  # Meta's copy is gone
    FAIL = "fail"  # permanent, with its reason
    REPROCESS = "reprocess"  # an operator wants it tried again
    ERASE = "erase"  # the customer was erased


TRANSITIONS: dict[tuple[State, Step], State] = {
    (State.WAITING, Step.CLAIM): State.FETCHING,
    (State.FETCHING, Step.PUT_BACK): State.WAITING,
    (State.FETCHING, Step.RETRY): State.WAITING,
    (State.FETCHING, Step.LOSE_LEASE): State.WAITING,
    (State.FETCHING, Step.ATTACH): State.ATTACHED,
    (State.FETCHING, Step.EXPIRE): State.EXPIRED,
    (State.FETCHING, Step.FAIL): State.FAILED,
    (State.EXPIRED, Step.REPROCESS): State.WAITING,
    (State.FAILED, Step.REPROCESS): State.WAITING,
    (State.WAITING, Step.ERASE): State.ERASED,
    (State.FETCHING, Step.ERASE): State.ERASED,
    (State.ATTACHED, Step.ERASE): State.ERASED,
    (State.EXPIRED, Step.ERASE): State.ERASED,
    (State.FAILED, Step.ERASE): State.ERASED,
}

OPEN = frozenset({State.WAITING, State.FETCHING})


def after(state: State, step: Step) -> State | None:
    """The state that follows, or None when this step cannot happen there."""
    return TRANSITIONS.get((state, step))


def deadline(*, sent_at: float, received_at: float, no_storage: bool, history: bool = False) -> float:
    """When Meta's copy is expected to be gone, epoch seconds.

    It counts from the message, but never from a time in the future of its arrival; media of a history sync got their
    ids when the sync was sent, so theirs counts from the arrival.
    """
    start = received_at if history else min(sent_at, received_at)
    return start + (NO_STORAGE_LIFE_S if no_storage else MEDIA_LIFE_S)
