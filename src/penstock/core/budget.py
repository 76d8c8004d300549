"""The error budget of a number: how many of its look-ups may fail before it is left alone for a while.

Some providers in front of Meta block a number after about twenty failing look-ups in an hour, and a blocked number gets
no file at all, the good ones included. Meta's own host is not known to do so. Pure: what failed and what time it is are
arguments. Asked by ``flow.budgets`` before a look-up.
"""

from collections.abc import Sequence

import msgspec

from penstock.core.exchange import Exchange

WINDOW_S = 3_600.0
STANDARD = 15  # below the twenty at which providers are known to block, with room for what another program asks
UNDER_WAY_AGAIN_S = 1.0  # how soon to ask again when look-ups under way may use up the rest
_META = "facebook.com"


class Limit(msgspec.Struct, frozen=True):
    """So many failing look-ups in any window of so many seconds."""

    most: int
    window_s: float = WINDOW_S


def limit(setting: int | None, *, host: str, insecure: bool) -> Limit | None:
    """The limit that a setting means for a Graph host; None = no budget.

    Without a setting: none for Meta's own host, which punishes nobody, and none where upstream may be insecure, which
    is a simulator or a test; the standard one for everybody else.
    """
    if setting is None:
        meta = host == _META or host.endswith("." + _META)
        return None if meta or insecure else Limit(STANDARD)
    return Limit(setting) if setting else None


def counts(exchange: Exchange) -> bool:
    """Whether upstream may have counted a look-up as failing: it was reached, and did not answer with plain success.

    What never reached it (a refused request, no connection) it cannot have counted.
    """
    return exchange.peer_address is not None and (exchange.status != 200 or exchange.graph_code is not None)


def again_at(failed: Sequence[float], *, under_way: int, limit: Limit, now: float) -> float | None:
    """None = one more look-up may be made. Otherwise when to ask again, epoch seconds.

    ``failed`` are the times of failing look-ups, earliest first. Those under way may all fail, so they count until
    their answers are there.
    """
    recent = [at for at in failed if at + limit.window_s > now]
    if len(recent) + under_way < limit.most:
        return None
    if len(recent) < limit.most:
        return now + UNDER_WAY_AGAIN_S
    return recent[len(recent) - limit.most] + limit.window_s
