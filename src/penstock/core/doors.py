"""What is wrong at the door: webhooks that stay away, that nobody can verify, of no number of ours, or not understood.

A refused body counts as Meta's only when it names a number of ours: whoever sends junk opens a ticket at most, and the
count of it costs one row a minute. Nothing here is remembered: that is ``core.vitals``, which is given these signs. No
clock, no I/O. Called by ``controls.watch``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from penstock.core.detector import Key
from penstock.core.incident import Severity
from penstock.core.postmortem import duration, utc
from penstock.core.vitals import Sign

SILENT = Key("webhook.receive", "silent")
NUMBER_SILENT = Key("webhook.receive", "number_silent")
SIGNATURE = Key("webhook.receive", "signature")
UNKNOWN_NUMBER = Key("webhook.receive", "unknown_number")
UNREAD = Key("webhook.receive", "unread")

WINDOW_S = 900.0  # in which refused bodies are counted
RECENT_S = 86_400.0  # what came to an unknown number, or unread, counts for so long
_ENOUGH = 3  # bodies of ours that were refused
_JUNK = 50
_SHARE = 0.02  # of what came, refused, is worth a ticket
_NAMED = 5


class Doors(NamedTuple):
    """What one app's webhooks met in the window; the app is "" where none is known."""

    app: str
    taken: int
    refused: int  # for their signature, which they had
    ours: int  # of the refused, those that name a number of ours
    first_at: float  # epoch seconds, of the refused


class Came(NamedTuple):
    """Bodies of one kind that came: the last of them, epoch seconds."""

    name: str
    first_at: float
    last_at: float


def signature(doors: Sequence[Doors], now: float) -> Sign:
    """Bodies that were refused for their signature."""
    refused, ours = sum(door.refused for door in doors), sum(door.ours for door in doors)
    taken = sum(door.taken for door in doors)
    onset_at = min((door.first_at for door in doors if door.refused), default=now)
    apps = frozenset(door.app for door in doors if door.ours and door.app)
    of = f" of app {', '.join(sorted(apps))}" if apps else ""
    mend = (
        "Meta signs with another app secret than the one that is known here: put the new one in with `penstock app "
        "set NAME --secret-file PATH`, or correct the address of the webhook at Meta. Nothing is lost meanwhile: Meta "
        "sends what was refused again for seven days."
    )
    none_taken = any(door.ours >= _ENOUGH and not door.taken for door in doors if door.app) or not taken
    if ours >= _ENOUGH and none_taken:
        text = (
            f"{ours} webhooks{of} that name our numbers were refused within {duration(WINDOW_S)} and none was taken: "
            f"{mend}"
        )
        return Sign(SIGNATURE, Severity.PAGE, text, onset_at, apps)
    if ours >= _ENOUGH and ours >= _SHARE * (taken + ours):
        text = (
            f"{ours} webhooks{of} that name our numbers were refused for their signature, and {taken} were taken. "
            f"{mend}"
        )
        return Sign(SIGNATURE, Severity.TICKET, text, onset_at, apps)
    if refused >= _JUNK:
        text = (
            f"{refused} bodies with a wrong signature were refused within {duration(WINDOW_S)}; {taken} webhooks were "
            "taken as ever. They name no number of ours, so somebody else sends them. Nothing of theirs was stored; "
            "your proxy's log says where they come from."
        )
        return Sign(SIGNATURE, Severity.TICKET, text, onset_at)
    return Sign(SIGNATURE, None, "Webhooks are not refused for their signature any more.", now, well=ours < _ENOUGH)


def silent(since: float | None, now: float, *, receivers: int, well: bool = True) -> Sign:
    """No webhook at all since then, against every habit; None: they come."""
    if since is None:
        return Sign(SILENT, None, "Webhooks come again.", now, well=well)
    text = f"No webhook has come for {duration(now - since)}, which is against the habit of this hour of the week. "
    if not receivers:
        text += "No process receives: start `penstock serve`, or `penstock serve --role receiver`; Meta sends again."
    else:
        text += (
            "Receivers are alive, so it is on the way to them: look whether the public address answers (`penstock "
            "doctor`), whether the webhook is still subscribed at Meta, and at Meta's status page. Meta sends again "
            "what it could not deliver, for seven days."
        )
    return Sign(SILENT, Severity.PAGE, text, since)


def number_silent(since: Mapping[str, float], now: float) -> Sign:
    """Numbers to which nothing comes any more, against their own habit, by when something last came."""
    if not since:
        return Sign(NUMBER_SILENT, None, "Something comes to every number again, or its silence became its habit.", now)
    longest = sorted(since, key=lambda number: (since[number], number))
    named = ", ".join(f"{number} since {utc(since[number])}" for number in longest[:_NAMED])
    more = f" and {len(longest) - _NAMED} more" if len(longest) > _NAMED else ""
    text = (
        f"Nothing comes any more to {_many(len(longest), 'number')}, against the habit of this hour of the week: "
        f"{named}{more}. Others are written to as ever, so it is about the number: look whether it is still connected, "
        "and its WhatsApp business account still subscribed to the app."
    )
    return Sign(NUMBER_SILENT, Severity.TICKET, text, min(since.values()), frozenset(since))


def unknown(came: Sequence[Came], now: float) -> Sign:
    """Webhooks for numbers that nobody registered."""
    recent = [each for each in came if now - each.last_at < RECENT_S]
    if not recent:
        return Sign(UNKNOWN_NUMBER, None, "Nothing came to an unknown number for a day, or it was registered.", now)
    named = ", ".join(each.name for each in recent[:_NAMED])
    more = f" and {len(recent) - _NAMED} more" if len(recent) > _NAMED else ""
    text = (
        f"Webhooks come for {_many(len(recent), 'number')} that nobody registered here: {named}{more}. They are kept, "
        "and read once it is added with `penstock number add`; their files live for seven days only."
    )
    onset_at = min(each.first_at for each in recent)
    return Sign(UNKNOWN_NUMBER, Severity.TICKET, text, onset_at, frozenset(each.name for each in recent))


def unread(bodies: int, last_at: float | None, now: float, *, at_least: bool = False) -> Sign:
    """Webhooks that could not be understood in full."""
    if last_at is None or now - last_at >= RECENT_S:
        return Sign(UNREAD, None, "No webhook of the last day is unread.", now)
    text = (
        f"{'At least ' if at_least else ''}{_many(bodies, 'webhook')} could not be understood in full, the last one of "
        f"{utc(last_at)}. Nothing is lost: they are kept. This release does not know what Meta sends: after an "
        "upgrade, `penstock reprocess --unread` reads them again."
    )
    return Sign(UNREAD, Severity.TICKET, text, last_at)


def _many(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"
