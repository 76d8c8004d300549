"""Meta's platform as we understand it, on loopback: Graph, the file server, the webhook sender, a fleet that errs.

An annexe that imports nothing of Penstock's, so that its opinion of Meta is its own. This module only lists its names.
"""

from .accounts import Customer, Number, customer
from .catalogue import CATALOGUE, Fault
from .clock import SimClock
from .kinds import KINDS, MEDIA_KINDS
from .media import File, Media, file_of
from .platform import Platform, Sent
from .record import Attempt, Delivery, Record, Request
from .remote import Remote, RemoteError
from .samples import SAMPLES, SamplesUnavailable, sample
from .scenario import (
    FaultRule,
    NumberEntry,
    Rules,
    Scenario,
    Server,
    TokenEntry,
    Webhooks,
    one_fault,
)
from .scenario_file import BadScenario, read_scenario, scenario_from

__all__ = [
    "CATALOGUE",
    "KINDS",
    "MEDIA_KINDS",
    "SAMPLES",
    "Attempt",
    "BadScenario",
    "Customer",
    "Delivery",
    "Fault",
    "FaultRule",
    "File",
    "Media",
    "Number",
    "NumberEntry",
    "Platform",
    "Record",
    "Remote",
    "RemoteError",
    "Request",
    "Rules",
    "SamplesUnavailable",
    "Scenario",
    "Sent",
    "Server",
    "SimClock",
    "TokenEntry",
    "Webhooks",
    "customer",
    "file_of",
    "one_fault",
    "read_scenario",
    "sample",
    "scenario_from",
]
