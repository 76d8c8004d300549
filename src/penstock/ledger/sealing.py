"""What the ledger needs to keep secrets at rest: a port of two methods. Implemented in ``adapters.seal``."""

from typing import Protocol


class Sealer(Protocol):
    """Encrypts what goes into the database and opens what comes out."""

    def seal(self, clear: bytes) -> bytes:
        """Encrypt with the first key."""

    def unseal(self, sealed: bytes) -> bytes:
        """Decrypt with whichever key fits. Raises WrongUse when none does."""
