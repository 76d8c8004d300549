"""A browser's session: a signed cookie that names a token, and links that sign in once.

The cookie holds the token's row and an expiry under an HMAC; what the token allows is asked of the ledger at every
request, so that withdrawing it ends the session. Links live in memory, ten minutes at most. No I/O; times are
arguments. Used by ``access`` and the sign-in pages.

>>> sessions = Sessions(b"key", secure=False)
>>> sessions.read(sessions.issue(7, now=0.0), now=60.0)
7
"""

import base64
import binascii
import hashlib
import hmac
import secrets

LIFE_S = 12 * 3_600  # a working day and some
LINK_LIFE_S = 600
_LINKS = 1_000  # more than that are not out at once; the oldest go first
_TAG_BYTES = 32


class Sessions:
    """Issues and reads session cookies and one-time links."""

    def __init__(self, key: bytes, *, secure: bool) -> None:
        self._key = hmac.digest(key, b"penstock/cookie/1", hashlib.sha256)
        self._links: dict[str, tuple[int, float]] = {}
        self.secure = secure
        self.cookie = "__Host-penstock" if secure else "penstock"

    def issue(self, token_id: int, *, now: float) -> str:
        """The value of a cookie for this token."""
        said = f"{token_id}.{int(now) + LIFE_S}".encode()
        return base64.urlsafe_b64encode(self._tag(said) + said).decode("ascii").rstrip("=")

    def read(self, value: str, *, now: float) -> int | None:
        """The token's row in a cookie of ours that has not expired; None for anything else."""
        try:
            raw = base64.b64decode(value.encode("ascii") + b"=" * (-len(value) % 4), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return None
        tag, said = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(said)):
            return None
        token_id, _, expires_at = said.decode("ascii").partition(".")
        return int(token_id) if now < int(expires_at) else None

    def link(self, token_id: int, *, now: float) -> str:
        """A code that signs in once. ``now`` is of a clock that only ever rises."""
        while len(self._links) >= _LINKS:
            del self._links[next(iter(self._links))]
        code = secrets.token_urlsafe(24)
        self._links[code] = (token_id, now + LINK_LIFE_S)
        return code

    def redeem(self, code: str, *, now: float) -> int | None:
        """The token's row of a code, once; None when it was used, is too old or never was."""
        token_id, expires_at = self._links.pop(code, (0, now))
        return token_id if now < expires_at else None

    def _tag(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, hashlib.sha256)
