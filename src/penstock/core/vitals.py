"""What failures do not show, kept as incidents without flapping: signs in, what is to be opened, told and closed out.

A sign says of one thing how it stands at this moment; this remembers which are open. It opens what was wrong at two
looks in a row, raises a ticket to a page but never lowers it, tells of a change at most every ten minutes, and closes
once the sign has been well for as long as it asks, twice as long for each time that it opened lately. Nothing stays
open for ever: what is not wrong any more, if not quite well either, closes in the end, and so does what nobody looks at
any more. No clock, no I/O; the signs are ``core.ages``, ``core.doors``, ``core.silence`` and ``core.burn``. Called by
``controls.watch``.
"""

from collections.abc import Iterable

import msgspec

from penstock.core.detector import Key
from penstock.core.incident import Severity

CHANGE_S = 600.0  # changes are told no more often
LATELY_S = 6 * 3_600.0  # an opening so long ago makes the next closing slower
LONGEST_HOLD_S = 3_600.0
UNCLEAR_S = 3_600.0  # what has not been wrong for so long is over, well or not
UNSEEN_S = 3_600.0  # what nobody has looked at for so long is over


class Sign(msgspec.Struct, frozen=True):
    """How one thing stands at this moment. Times are epoch seconds."""

    key: Key
    severity: Severity | None  # None: nothing is wrong
    text: str  # what, whose fault, what to do; of a thing that is well why it is
    onset_at: float
    about: frozenset[str] = frozenset()  # what it is about: a change of it is told
    well: bool = True  # without a severity: well enough to be over
    hold_s: float = 300.0  # so long it must be well


class Step(msgspec.Struct, frozen=True):
    """Something to do: opened, raised, changed or closed."""

    kind: str
    key: Key
    severity: Severity
    text: str
    onset_at: float
    about: frozenset[str] = frozenset()


class _Open:
    """What is open."""

    def __init__(self, severity: Severity, about: frozenset[str], now: float) -> None:
        self.severity = severity
        self.about = about
        self.told_at = self.wrong_at = self.seen_at = now
        self.well_since: float | None = None
        self.onset_at = now


class Vitals:
    """The memory of one leader of the watch."""

    def __init__(self) -> None:
        self._open: dict[Key, _Open] = {}
        self._wrong: set[Key] = set()  # at the last look, and not open
        self._opened: dict[Key, list[float]] = {}

    def resume(self, key: Key, severity: Severity, about: frozenset[str], now: float) -> None:
        """An earlier leader left this open."""
        self._open[key] = _Open(severity, about, now)

    def is_open(self, key: Key) -> bool:
        """Whether an incident of it is open."""
        return key in self._open

    def look(self, signs: Iterable[Sign], now: float) -> list[Step]:
        """How everything stands now; what is to be done about it."""
        steps = []
        wrong: set[Key] = set()
        for sign in signs:
            one = self._open.get(sign.key)
            if one is not None:
                one.seen_at = now
                steps += self._follow(one, sign, now)
            elif sign.severity is not None and sign.key in self._wrong:
                steps.append(self._opens(sign, sign.severity, now))
            elif sign.severity is not None:
                wrong.add(sign.key)
        self._wrong = wrong
        for key, one in list(self._open.items()):
            if now - one.seen_at > UNSEEN_S:
                steps.append(self._closes(key, one, "Nobody has looked at it for an hour; it would open again."))
        return steps

    def _opens(self, sign: Sign, severity: Severity, now: float) -> Step:
        self._open[sign.key] = one = _Open(severity, sign.about, now)
        one.onset_at = sign.onset_at
        lately = [at for at in self._opened.get(sign.key, ()) if now - at <= LATELY_S]
        self._opened[sign.key] = [*lately, now]
        return Step("opened", sign.key, severity, sign.text, sign.onset_at, sign.about)

    def _follow(self, one: _Open, sign: Sign, now: float) -> list[Step]:
        if sign.severity is None:
            return self._is_over(one, sign, now)
        one.wrong_at, one.well_since = now, None
        if sign.severity is Severity.PAGE and one.severity is Severity.TICKET:
            one.severity, one.about, one.told_at = Severity.PAGE, sign.about, now
            return [Step("raised", sign.key, Severity.PAGE, sign.text, one.onset_at, sign.about)]
        if sign.about != one.about and now - one.told_at >= CHANGE_S:
            one.about, one.told_at = sign.about, now
            return [Step("changed", sign.key, one.severity, sign.text, one.onset_at, sign.about)]
        return []

    def _is_over(self, one: _Open, sign: Sign, now: float) -> list[Step]:
        if not sign.well:
            one.well_since = None
        elif one.well_since is None:
            one.well_since = now
        held = one.well_since is not None and now - one.well_since >= self.hold_s(sign)
        if held or now - one.wrong_at >= max(UNCLEAR_S, sign.hold_s):
            return [self._closes(sign.key, one, sign.text)]
        return []

    def hold_s(self, sign: Sign) -> float:
        """How long a sign must be well now: longer when it came back lately."""
        times = max(0, len(self._opened.get(sign.key, ())) - 1)
        return max(sign.hold_s, min(LONGEST_HOLD_S, sign.hold_s * 2.0**times))

    def _closes(self, key: Key, one: _Open, why: str) -> Step:
        del self._open[key]
        return Step("closed", key, one.severity, why, one.onset_at)
