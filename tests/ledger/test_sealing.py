"""The port of secrets is what the adapter does."""

from penstock.adapters.seal.fernet import FernetSealer
from penstock.ledger.sealing import Sealer


def test_the_adapter_fits_the_port() -> None:
    sealer: Sealer = FernetSealer(["key"])

    assert sealer.unseal(sealer.seal(b"secret")) == b"secret"
