"""The punishment for failing look-ups: so many errors of one number within a window, and it is blocked for a while.

Some business solution providers do this; whether Meta does is not known, so the rules have it off. Pure but for what
it remembers; times are simulated seconds and given. Used by ``Upstream`` at the look-up hop.
"""

from collections import defaultdict, deque

from .scenario import Rules


class Block:
    """Who is blocked until when, and whose errors are being counted."""

    def __init__(self) -> None:
        self._errors: defaultdict[str, deque[float]] = defaultdict(deque)
        self._until: dict[str, float] = {}

    def left_s(self, who: str, now: float) -> float:
        """For how long this number stays blocked; 0 when it is not."""
        return max(0.0, self._until.get(who, 0.0) - now)

    def error(self, who: str, now: float, rules: Rules) -> None:
        """A look-up for this number was answered with an error."""
        if not rules.block_after_errors:
            return
        errors = self._errors[who]
        errors.append(now)
        while errors[0] <= now - rules.block_window_s:
            errors.popleft()
        if len(errors) >= rules.block_after_errors:
            self._until[who] = now + rules.block_for_s
            errors.clear()
