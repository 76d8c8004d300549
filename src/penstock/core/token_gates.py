"""Dead tokens: when the gate of one credential shuts, and when a refusal is upstream's fault and nobody's token's.

Only Graph's code 190 and its kin say that a token is dead, and only several in a row without a file between them. A
token that is refused and accepted in turn meets a fleet that disagrees with itself, and so do three tokens that are
refused for the first time within minutes: then no gate stands, and whoever judges upstream counts the refusals. A shut
gate lets one file through every ten minutes, so that none stays shut for ever; a new token opens it at once. No clock:
what was tried and what time it is are arguments. Run by ``controls.gates.auth``; asked by the breaker.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from penstock.core.seen import Seen
from penstock.core.work import Outcome

KIN = frozenset({102, 190})  # Graph codes: the session or the token is expired, revoked or unknown
IN_A_ROW = 3
IN_A_ROW_MIXED = 20  # of a token that was accepted a moment ago: a part of the fleet refuses it
MIXED_S = 300.0
TOKENS = 3  # refused for the first time within WITHIN_S: upstream's fault
WITHIN_S = 300.0
HOLD_S = 600.0  # shut, then one file is let through
PROBE_OPENING = 0.2  # items per second


class Phase(StrEnum):
    """What stands in front of a credential's files."""

    OPEN = "open"
    SHUT = "shut"
    PROBING = "probing"


class Standing(msgspec.Struct, frozen=True):
    """The gate that should stand in front of a credential."""

    opening: float  # items per second; 0 = shut
    why: str


class _Token:
    """What is known of one credential."""

    def __init__(self) -> None:
        self.phase = Phase.OPEN
        self.since = 0.0  # of the phase
        self.row = 0  # refusals since the last acceptance
        self.refused_since: float | None = None  # when this row began
        self.mixed_until = float("-inf")  # it was refused and accepted in turn

    def forget(self) -> None:
        """Begin anew, as with a new token."""
        self.phase, self.row, self.refused_since = Phase.OPEN, 0, None


class TokenGates:
    """Every credential of an installation; it holds one entry for each."""

    def __init__(self) -> None:
        self._tokens: dict[str, _Token] = {}
        self._blamed: set[str] = set()  # credentials whose refusals are upstream's fault

    @property
    def upstream_at_fault(self) -> bool:
        """Whether refusals of tokens are upstream's fault now."""
        return bool(self._blamed)

    def blames_upstream(self, seen: Seen) -> bool:
        """Whether this attempt was refused by a fault of upstream, not by its token."""
        return _refused(seen) and seen.credential in self._blamed

    def resume(self, credential: str, standing: Standing, since: float) -> None:
        """Go on from a gate that stands: an earlier leader of the watch set it."""
        token = self._tokens.setdefault(credential, _Token())
        token.phase = Phase.SHUT if standing.opening == 0 else Phase.PROBING
        token.since = token.refused_since = since
        token.row = IN_A_ROW

    def saw(self, seen: Seen) -> None:
        """Something was tried."""
        if _refused(seen):
            self._refused(seen.credential, seen.at)
        elif seen.outcome is Outcome.DELIVERED:
            self._accepted(seen.credential, seen.at)

    def renewed(self, changed: Mapping[str, float]) -> list[str]:
        """Credentials that have a new token since their trouble began; which of them had a gate."""
        opened = []
        for credential, at in changed.items():
            token = self._tokens.get(credential)
            if token is None or token.refused_since is None or at <= token.refused_since:
                continue
            if token.phase is not Phase.OPEN:
                opened.append(credential)
            token.forget()
            token.since = at
            self._blamed.discard(credential)
        return opened

    def known(self, changed: Mapping[str, float]) -> None:
        """Since when each credential has its token: what was refused before that says nothing about it."""
        for credential, at in changed.items():
            token = self._tokens.setdefault(credential, _Token())
            if token.phase is Phase.OPEN:
                token.since = at

    def in_trouble(self) -> list[str]:
        """The credentials that were refused at last."""
        return [name for name, token in self._tokens.items() if token.refused_since is not None]

    def tick(self, now: float) -> dict[str, Standing]:
        """The gates that should stand at ``now``."""
        self._blame(now)
        return {
            credential: standing
            for credential, token in self._tokens.items()
            if (standing := self._standing(credential, token, now)) is not None
        }

    # -- one credential ---------------------------------------------------------------------

    def _refused(self, credential: str, at: float) -> None:
        token = self._tokens.setdefault(credential, _Token())
        if token.phase is Phase.OPEN and at < token.since:
            return  # it was under way before the gate went
        token.row += 1
        if token.refused_since is None:
            token.refused_since = at
        if token.phase is Phase.PROBING and at >= token.since:
            token.phase, token.since = Phase.SHUT, at

    def _accepted(self, credential: str, at: float) -> None:
        token = self._tokens.get(credential)
        if token is None:
            return
        if token.phase is not Phase.OPEN and at < token.since:
            return
        if token.row and token.phase is Phase.OPEN:
            token.mixed_until = at + MIXED_S
        token.forget()
        token.since = at
        self._blamed.discard(credential)

    def _standing(self, credential: str, token: _Token, now: float) -> Standing | None:
        if credential in self._blamed:
            token.phase = Phase.OPEN
            return None
        needed = IN_A_ROW_MIXED if now < token.mixed_until else IN_A_ROW
        if token.phase is Phase.OPEN and token.row >= needed:
            token.phase, token.since = Phase.SHUT, now
        elif token.phase is Phase.SHUT and now - token.since >= HOLD_S:
            token.phase, token.since = Phase.PROBING, now
        if token.phase is Phase.OPEN:
            return None
        why = (
            f'WhatsApp no longer accepts the access token "{credential}". Give it a new one: '
            f"penstock credential set {credential} --token-file PATH"
        )
        return Standing(0.0 if token.phase is Phase.SHUT else PROBE_OPENING, why)

    def _blame(self, now: float) -> None:
        """Three tokens that were never refused before do not die within minutes."""
        fresh = [
            name
            for name, token in self._tokens.items()
            if token.refused_since is not None and now - token.refused_since <= WITHIN_S
        ]
        if self._blamed or len(set(fresh)) >= TOKENS:
            self._blamed.update(fresh)
        if len(self._blamed) < TOKENS and self._blamed:
            for name in self._blamed:  # what is left may be dead after all: it has to show that anew
                self._tokens[name].forget()
                self._tokens[name].since = now
            self._blamed.clear()


def _refused(seen: Seen) -> bool:
    return seen.outcome is Outcome.AUTH and seen.graph_code in KIN


def told(credentials: Iterable[str]) -> str:
    """Which credentials, in a few words."""
    names = sorted(credentials)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
