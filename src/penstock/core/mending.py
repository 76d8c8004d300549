"""Whether our own requests are as declared again: the evidence that closes an incident of the class contract.

Where every request was wrong, twenty in a row that went out as declared are evidence; where only some were, it takes as
many as would have brought a wrong one with a probability of 0.999. Three of another process, or of another recipe, are
enough once those that were wrong have stopped making any: then a mended release, or the one before it, is in use. No
clock, no I/O. Called by ``controls.watch``.
"""

import math

FEWEST = 20  # requests in a row
OTHERS = 3  # of another process or recipe
SURE = math.log(1_000)
QUIET_S = 10.0  # so long nothing was wrong, as several processes are not seen in order

Maker = tuple[str | None, str]  # the process, and the recipe


class Mending:
    """Requests of one operation since its first violation. Times are epoch seconds."""

    def __init__(self, now: float) -> None:
        self._wrong_at = now
        self._violations = 0
        self._requests = 0  # up to the last violation
        self._in_a_row = 0
        self._of_others = 0
        self._wrong: set[Maker] = set()
        self._wrong_goes_on = False  # who was wrong makes requests since, and they are as declared

    def seen(self, maker: Maker, at: float, *, violated: bool) -> None:
        """One request, or one that was not sent."""
        if violated:
            self._violations += 1
            self._requests += self._in_a_row + 1
            self._wrong_at = max(self._wrong_at, at)
            self._wrong.add(maker)
            self._in_a_row = self._of_others = 0
            self._wrong_goes_on = False
            return
        self._in_a_row += 1
        if maker in self._wrong:
            self._wrong_goes_on = True
        else:
            self._of_others += 1

    def why(self, now: float) -> str | None:
        """Why it is over, or None."""
        if now - self._wrong_at < QUIET_S:
            return None
        if self._violations and self._of_others >= OTHERS and not self._wrong_goes_on:
            return (
                f"{self._of_others} requests in a row went out as declared, all from a process or recipe that was not "
                "wrong before: a mended implementation is in use."
            )
        if self._in_a_row >= self.needed:
            return f"{self._in_a_row} requests in a row went out as declared."
        return None

    @property
    def needed(self) -> int:
        """How many requests in a row are evidence."""
        share = self._violations / self._requests if self._requests else 1.0
        return FEWEST if share >= 1 else max(FEWEST, math.ceil(SURE / -math.log1p(-share)))
