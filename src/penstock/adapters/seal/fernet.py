"""Secrets at rest, by Fernet (AES-128-CBC with HMAC-SHA-256), the keys derived from any secret text by HKDF.

The first key encrypts, every key decrypts, so a key is rotated by putting the new one in front. It stretches nothing: a
key is expected to be long and random, as the one that Penstock makes is. It knows neither where the keys come from nor
what it seals. Made by ``wiring``; called by the ledger.
"""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from penstock.core.errors import WrongUse

_PURPOSE = b"penstock/secrets at rest/1"  # another purpose must never get the same key out of the same secret


class FernetSealer:
    """Seals with the first key, opens with any of them."""

    def __init__(self, keys: Sequence[bytes | str]) -> None:
        if not keys or not all(keys):
            raise WrongUse("PENSTOCK_SECRET_KEY must hold at least one key, and none of them may be empty")
        self._fernet = MultiFernet([Fernet(_derived(key)) for key in keys])

    def seal(self, clear: bytes) -> bytes:
        """Encrypt with the first key."""
        return self._fernet.encrypt(clear)

    def unseal(self, sealed: bytes) -> bytes:
        """Decrypt with whichever key fits. Raises WrongUse when none does."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise WrongUse(
                "PENSTOCK_SECRET_KEY does not open what is stored: it was sealed with another key. "
                "Put that key back, behind a comma if this one is newer"
            ) from None


def _derived(key: bytes | str) -> bytes:
    material = key.encode("utf-8", "surrogateescape") if isinstance(key, str) else key
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(material)
    return base64.urlsafe_b64encode(derived)
