"""The request contract for other people's calls: declare operations, wrap the client, and nothing else can be sent.

What guards Penstock's own requests, for any client that is built on aiohttp, httpx or httpx2. It stands on ``core`` and
knows nothing of WhatsApp. ``docs/howto/guard-your-own-calls.md`` shows it; this module only lists its names.
"""

from penstock.contract.checking import Contract, ContractViolation
from penstock.contract.declaring import DeclarationError, Operation
from penstock.contract.sessions import guard, guarded_session
from penstock.contract.transports import guarded_transport
from penstock.core.contract import Prepared

__all__ = [
    "Contract",
    "ContractViolation",
    "DeclarationError",
    "Operation",
    "Prepared",
    "guard",
    "guarded_session",
    "guarded_transport",
]
