"""The name under which a message that is gone is remembered: a digest of its id, so that it cannot come back unnoticed.

Meta may send a webhook twice, and a body may be read again. What was erased must not return by that, and what was
counted must not be counted twice; yet nothing that names the customer may be kept, and an id of Meta's contains a
phone number. It also contains so much chance that nobody can go back from the digest to it. Called by the ledger.

>>> name("wamid.A")
'gone:b5e4afcc108cfd3ef31597dcbc997517'
"""

from hashlib import blake2b

PREFIX = "gone:"


def name(id_: str) -> str:
    """What stands in the place of one of Meta's ids; "" (a file without an id) stays "", and a name stays itself."""
    if not id_ or id_.startswith(PREFIX):
        return id_
    return PREFIX + blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
