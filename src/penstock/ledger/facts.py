"""What provisioning accepts and what it answers: checks of names and secrets, and rows as plain facts.

The facts are what ``--json`` and the API show, and what the audit log keeps; no secret is ever among them. Used by
``provisioning`` and the journal.
"""

import re
from collections.abc import Callable, Sequence

from penstock.adapters.db.port import Row
from penstock.core.errors import WrongUse
from penstock.core.keeping import Keep
from penstock.ledger.rows import Route

Facts = dict[str, object]

_NAME = re.compile(r"[a-z0-9-]{1,63}")
_PHONE_NUMBER_ID = re.compile(r"[0-9]{1,32}")


def workspace(row: Row) -> Facts:
    """A workspace without its secrets, and how long it wishes things kept."""
    return {"id": row[0], "name": row[1], "test": bool(row[2]), "created_at": row[3]} | keep(row).shown()


def keep(row: Row) -> Keep:
    """How long a workspace wishes things kept."""
    return Keep(*row[4:8])


def app(row: Row) -> Facts:
    """An app without its secrets."""
    return {
        "id": row[0],
        "name": row[1],
        "forward_to": row[5],
        "secrets": 1 if row[3] is None else 2,
        "created_at": row[6],
    }


def credential(row: Row) -> Facts:
    """A credential without its secrets."""
    return {
        "id": row[0],
        "name": row[1],
        "numbers": row[5],
        "created_at": row[3],
        "changed_at": row[4],
    }


def number(row: Row) -> Facts:
    """A number without its secrets."""
    keys = ("id", "phone_number_id", "workspace", "app", "credential", "no_storage", "created_at")
    return dict(zip(keys, (row[0], row[1], row[3], row[5], row[7], bool(row[8]), row[9]), strict=True))


SHAPES: dict[str, Callable[[Row], Facts]] = {
    "workspace": workspace,
    "app": app,
    "credential": credential,
    "number": number,
}


def recorded(facts: Facts, given: Sequence[str] = ()) -> Facts | None:
    """What the audit log says of a thing; None of nothing. ``given`` are names of secrets that were given with it.

    The query of an address may be a secret, so the log knows only that there was one.
    """
    if not facts:
        return None
    told = facts | {"given": list(given)} if given else dict(facts)
    if isinstance(url := told.get("forward_to"), str) and "?" in url:
        told["forward_to"] = f"{url.partition('?')[0]}?…"
    return told


def route(row: Row) -> Route:
    """A number as the place where its updates belong."""
    return Route(row[0], row[1], row[2], row[3], row[4], row[5], row[6], bool(row[8]))


def check_name(kind: str, name: str) -> None:
    """Raise WrongUse for a name that is not 1 to 63 of a-z, 0-9 and dash."""
    if not _NAME.fullmatch(name):
        raise WrongUse(f"the name of a {kind} is 1 to 63 of a-z, 0-9 and dash, not {name[:80]!r}")


def check_secret(what: str, secret: str | None) -> None:
    """A secret is one line of visible characters: anything else is a wrong file, or would break a header."""
    if secret is None:
        return
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret or len(secret) > 4096:
        raise WrongUse(f"{what} must be one line of 1 to 4,096 visible ASCII characters without spaces")


def check_url(url: str | None) -> None:
    """Raise WrongUse for what is not an http(s) address; None and "" pass."""
    if url and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s#]*)?", url):
        raise WrongUse("the address to forward to must be an http:// or https:// URL without a user name in it")


def check_phone_number_id(phone_number_id: str) -> None:
    """Raise WrongUse for what cannot be one of Meta's phone number ids."""
    if not _PHONE_NUMBER_ID.fullmatch(phone_number_id):
        raise WrongUse(
            "a phone number id is up to 32 digits, as Meta's app dashboard shows it (it is not the phone number)"
        )
