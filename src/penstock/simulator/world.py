"""What the platform knows at this moment: who there is, what files it holds, which rules count, what time it is.

State that both hops and the webhook sender share, and nothing that acts. Owned by the Platform.
"""

from dataclasses import dataclass, field

from .accounts import Number, Tokens
from .clock import SimClock
from .media import Media, MediaShelf
from .scenario import Rules


@dataclass(slots=True)
class World:
    """The shared state. ``base_url`` is where the fleet is reached, ``media_url`` what stands in urls to files.

    Where several are given as ``media_urls``, urls to files have them in turn.
    """

    seed: int
    clock: SimClock
    rules: Rules
    shelf: MediaShelf
    base_url: str = ""
    media_url: str = ""
    media_urls: tuple[str, ...] = ()
    tokens: Tokens = field(default_factory=Tokens)
    numbers: dict[str, Number] = field(default_factory=dict)
    traces: int = 0
    urls: int = 0

    def trace(self) -> str:
        """A new trace id, the same ones in the same order for the same seed."""
        self.traces += 1
        return f"A{self.seed & 0xFFFFFFFF:08x}{self.traces:014x}"

    def sees(self, token: str, media: Media) -> bool:
        """Whether the token of this name may read this media."""
        return self.tokens.sees(token, media.number.phone_number_id if media.number else None)

    def place(self) -> str:
        """Where the next url to a file leads."""
        self.urls += 1
        return self.media_urls[self.urls % len(self.media_urls)] if self.media_urls else self.media_url

    def fresh_url(self, media: Media, *, source: str, life_s: float) -> str:
        """A signed url to a media that lives so long from now."""
        expires_at = int(self.clock.now() + life_s)
        return self.shelf.url(self.place(), media, source=source, expires_at=expires_at)
