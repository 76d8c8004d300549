"""How secrets are kept at rest: adapters of ``ledger.sealing.Sealer``. Chosen by ``wiring``."""
