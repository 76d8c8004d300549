"""Files that do not come and do not fail either: told by their age, by their deadlines, and by success that stays away.

Files behind a gate that a person shut are held on purpose: they are said and not counted, until their deadline nears.
What was imported or put back to work is as old as it is, so only its deadline counts. Beside them the feed, whose
events wait for their position. Nothing here is remembered: that is ``core.vitals``, which is given these signs. No
clock, no I/O. Called by ``controls.watch``.
"""

from collections.abc import Sequence

import msgspec

from penstock.core.detector import Key
from penstock.core.gate import OPERATOR
from penstock.core.incident import Severity
from penstock.core.media import MEDIA_LIFE_S, NO_STORAGE_LIFE_S
from penstock.core.postmortem import duration
from penstock.core.vitals import Sign

OVERDUE = Key("media.delivery", "overdue")
DEADLINE = Key("media.delivery", "deadline")
NO_SUCCESS = Key("media.delivery", "no_success")
STUCK = Key("events.stamp", "stuck")

LATE_S = 120.0  # a file that waits for longer is late
ALONE_S = 3_600.0  # one or two that were tried have reasons of their own, for so long
SHARE = 0.25  # of its life, after which a file that waits is a page
SOON_S, VERY_SOON_S = 86_400.0, 21_600.0  # before its deadline
SHORT_SOON_S, SHORT_VERY_SOON_S = 1_200.0, 600.0  # on a No-Storage number
SILENT_S = 300.0  # without a success
STUCK_S, STUCK_LONG_S = 30.0, 300.0
_FEW = 3


class Lot(msgspec.Struct, frozen=True, gc=False):
    """Files of one lane that are not there yet. Times are epoch seconds."""

    workspace: str
    app: str
    credential: str
    number: str
    kind: str
    no_storage: bool
    backlog: bool  # imported, or put back to work
    files: int
    late: int  # that wait for longer than LATE_S and were not tried
    late_tried: int
    oldest_at: float | None  # when the oldest of those that were not tried was received
    oldest_tried_at: float | None
    soon: int  # near their deadline
    very_soon: int
    first_at: float  # the nearest deadline
    held_by: str = ""  # the owner of the gate that holds them


def overdue(lots: Sequence[Lot], now: float, *, covered: bool) -> Sign:
    """Files that wait for too long. ``covered``: an incident is open that says why, so a ticket would say nothing."""
    waiting = [lot for lot in lots if not lot.backlog and lot.held_by != OPERATOR]
    late, tried = sum(lot.late for lot in waiting), sum(lot.late_tried for lot in waiting)
    oldest_s = max((_age_s(lot, now) for lot in waiting), default=0.0)
    spent = max((_age_s(lot, now) / _life_s(lot) for lot in waiting), default=0.0)
    held = sum(lot.files for lot in lots if lot.held_by == OPERATOR)
    severity = None
    if spent > SHARE:
        severity = Severity.PAGE
    elif not covered and (late or tried >= _FEW or (tried and oldest_s > ALONE_S)):
        severity = Severity.TICKET
    if severity is None:
        return Sign(OVERDUE, None, "No file waits for too long any more.", now, well=not late and tried < _FEW)
    owners = {lot.workspace for lot in waiting if lot.late or lot.late_tried}
    text = f"The oldest file has been waiting for {duration(oldest_s)}"
    text += f", {spent:.0%} of the time that WhatsApp keeps it. " if spent >= 0.01 else ". "
    text += f"{_files(late + tried)} of {_many(len(owners), 'workspace')} wait for longer than two minutes; "
    text += f"{late} of them were not tried at all. " if late else "all of them were tried and are tried again. "
    if held:
        text += f"{_files(held)} more {_be(held)} held on purpose by a gate that was shut by hand. "
    text += (
        "Fetching is too slow or stands still here: see `penstock status` for gates and processes."
        if late
        else "See `penstock media list --state waiting` for their reasons."
    )
    return Sign(OVERDUE, severity, text, now - oldest_s, frozenset(owners))


def deadline(lots: Sequence[Lot], now: float) -> Sign:
    """Files whose time at WhatsApp is nearly over, held or not."""
    soon = [lot for lot in lots if lot.soon]
    if not soon:
        return Sign(DEADLINE, None, "No file that waits is near its deadline any more.", now)
    files, very = sum(lot.soon for lot in soon), sum(lot.very_soon for lot in soon)
    held = sum(lot.soon for lot in soon if lot.held_by == OPERATOR)
    first_at = min(lot.first_at for lot in soon)
    owners = {lot.workspace for lot in soon}
    when = f"in {duration(first_at - now)}" if first_at > now else f"{duration(now - first_at)} ago"
    text = (
        f"{_files(files)} of {_many(len(owners), 'workspace')} {'is' if files == 1 else 'are'} near the end of the "
        f"time that WhatsApp keeps {'it' if files == 1 else 'them'}; the first one's ends {when}. "
    )
    if held:
        text += (
            f"{held} of them {_be(held)} held by a gate that was shut by hand: `penstock gate list` names it, and "
            "`penstock gate open` lets them through."
        )
    else:
        text += "`penstock media list --state waiting` says why they have not come."
    return Sign(DEADLINE, Severity.PAGE if very else Severity.TICKET, text, now, frozenset(owners), hold_s=60.0)


def no_success(
    lots: Sequence[Lot], now: float, *, succeeded_at: float, fetchers: int, attempts: int, covered: bool
) -> Sign:
    """No file arrives while some wait. ``attempts`` were made since ``succeeded_at``, by so many ``fetchers``."""
    waiting = [lot for lot in lots if not lot.backlog and not lot.held_by]
    late = sum(lot.late + lot.late_tried for lot in waiting)
    silent_s = now - succeeded_at
    if silent_s < SILENT_S or late < _FEW:
        return Sign(NO_SUCCESS, None, "Files arrive again, or none waits.", now, hold_s=60.0)
    if covered and attempts:  # they fail, and somebody was told
        return Sign(NO_SUCCESS, None, "An incident says why no file arrives.", now, well=False)
    owners = {lot.workspace for lot in waiting if lot.late or lot.late_tried}
    text = (
        f"No file has arrived for {duration(silent_s)} while {_files(late)} of {_many(len(owners), 'workspace')} wait. "
    )
    if not fetchers:
        text += "No process fetches: start `penstock serve`, or `penstock serve --role fetcher` beside the others."
    elif not attempts:
        text += "Processes that fetch are alive and try nothing, which is our own fault: restart one, and keep its log."
    else:
        text += f"{_many(attempts, 'attempt')} failed meanwhile: `penstock media list --state waiting` says how."
    return Sign(NO_SUCCESS, Severity.PAGE, text, succeeded_at, frozenset(owners), hold_s=60.0)


def stuck(unstamped_since: float | None, now: float) -> Sign:
    """Events that wait for their position in the feed, the oldest since then. Who reads the feed is not known."""
    waited_s = 0.0 if unstamped_since is None else now - unstamped_since
    if waited_s < STUCK_S:
        return Sign(STUCK, None, "Events get their positions again.", now, well=waited_s < STUCK_S / 3, hold_s=60.0)
    severity = Severity.PAGE if waited_s >= STUCK_LONG_S else Severity.TICKET
    text = (
        f"Events have been waiting for their position for {duration(waited_s)}, so whoever follows the feed sees "
        "nothing new. Files and messages are stored all the same. No process with the role watcher stamps them: see "
        "`penstock status`, and the log for stamping.failed."
    )
    return Sign(STUCK, severity, text, now - waited_s, hold_s=60.0)


def _age_s(lot: Lot, now: float) -> float:
    return max((now - at for at in (lot.oldest_at, lot.oldest_tried_at) if at is not None), default=0.0)


def _life_s(lot: Lot) -> float:
    return NO_STORAGE_LIFE_S if lot.no_storage else MEDIA_LIFE_S


def _files(number: int) -> str:
    return _many(number, "file")


def _many(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"
