"""Was this body signed by Meta with the app's secret.

The signature is over the bytes as they came over the wire, escapes and all, so it is checked before anything is
parsed. The comparison takes the same time however much of it is right, every secret of a rotation is tried, and the
answer is yes or no: what would have been right is nobody's business. Called by ``flow.receiver``.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence

_HEADER = re.compile(rb"sha256=([0-9a-fA-F]{64})")


def signed_by(body: bytes, header: bytes | None, secrets: Sequence[bytes]) -> bool:
    """Whether ``header`` (the raw X-Hub-Signature-256) is the signature of ``body`` by one of the secrets.

    An empty secret signs nothing: anybody could.
    """
    found = _HEADER.fullmatch(header) if header is not None else None
    if found is None:
        return False
    claimed = bytes.fromhex(found[1].decode("ascii"))
    matches = [hmac.compare_digest(hmac.digest(secret, body, hashlib.sha256), claimed) for secret in secrets if secret]
    return any(matches)
