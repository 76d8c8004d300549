"""What tests of several rooms share: a real ledger on a real file, somebody to serve, and a signature."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from penstock.adapters.db.sqlite import SqliteDatabase
from penstock.adapters.seal.fernet import FernetSealer
from penstock.ledger.book import Ledger

SECRET = "app-secret"
NUMBER = "100000000000002"


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """An empty ledger on a database of its own."""
    book = Ledger(SqliteDatabase(tmp_path / "penstock.db"), FernetSealer(["a key of the tests"]))
    await book.start()
    yield book
    await book.stop()


@pytest.fixture
async def provisioned(ledger: Ledger) -> Ledger:
    """A ledger with one workspace, one app, one credential and one number."""
    now = await ledger.now()
    await ledger.provisioning.add_workspace("acme", now=now)
    await ledger.provisioning.add_app("main", secret=SECRET, verify_token="verify-me", now=now)
    await ledger.provisioning.add_credential("token-a", token="EAAGtokenA", now=now)
    await ledger.provisioning.add_number(NUMBER, workspace="acme", app="main", credential="token-a", now=now)
    return ledger


@pytest.fixture
def signed() -> Callable[..., bytes]:
    """Makes the X-Hub-Signature-256 of a body."""

    def sign(body: bytes, secret: str = SECRET) -> bytes:
        return b"sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex().encode()

    return sign
