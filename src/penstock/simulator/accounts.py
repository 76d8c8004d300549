"""Who there is on the simulated platform: tokens, business numbers, and the customers who write to them.

Kept in memory, seen by Graph, the file server and the webhook sender. Token texts and app secrets stay inside: only
the name of a token is ever recorded or shown.
"""

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Number:
    """A business phone number. ``callback`` is where its app receives webhooks, signed with ``app_secret``."""

    phone_number_id: str
    waba: str
    display: str
    callback: str
    app_secret: bytes = field(repr=False)
    no_storage: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    """A person who writes. ``phone`` is digits only, or empty for somebody known by ``user_id`` alone."""

    phone: str
    name: str
    user_id: str


_FIRST = ("Lucía", "Noah", "Zoë", "Amara", "Jürgen", "Mei", "Søren", "Priya", "Émile", "Olga", "Tariq", "Inês")
_LAST = ("Example", "Müller", "Okafor", "Sørensen", "García", "Tanaka", "O'Brien", "Nowak", "Åkesson", "Rossi")


def customer(index: int) -> Customer:
    """The customer with this index, always the same one. Phones are of the fictional 555 range."""
    name = f"{_FIRST[index % len(_FIRST)]} {_LAST[index // len(_FIRST) % len(_LAST)]}"
    return Customer(phone=f"1555{index:07d}", name=name, user_id=f"US.{10**19 + index}")


class Tokens:
    """The tokens that the platform accepts, by name, and the numbers each may act for."""

    def __init__(self) -> None:
        self._name_of: dict[bytes, str] = {}
        self._dead: set[str] = set()
        self._grants: dict[str, set[str]] = {}

    def add(self, name: str, text: str) -> None:
        """Know this token from now on. Adding a name again gives it a further text, as while a token is replaced."""
        self._name_of[_digest(text)] = name
        self._dead.discard(name)

    def revoke(self, name: str) -> None:
        """Answer this token with code 190 from now on. Raises KeyError when nobody has that name."""
        if name not in self._name_of.values():
            raise KeyError(name)
        self._dead.add(name)

    def restore(self, name: str) -> None:
        """Take a revocation back."""
        self._dead.discard(name)

    def grant(self, name: str, phone_number_id: str) -> None:
        """Let this token see the media of this number."""
        self._grants.setdefault(name, set()).add(phone_number_id)

    def name_of(self, text: str) -> str | None:
        """The name of a token, dead or alive; None when it was never known."""
        return self._name_of.get(_digest(text))

    def alive(self, name: str) -> bool:
        """Whether a token of this name is accepted."""
        return name not in self._dead

    def sees(self, name: str, phone_number_id: str | None) -> bool:
        """Whether this token may read media of that number. Media of no number are everybody's."""
        return phone_number_id is None or phone_number_id in self._grants.get(name, ())


def _digest(text: str) -> bytes:
    # Kept as a digest, so that no dump of this object can show a token.
    return hashlib.sha256(text.encode()).digest()
