"""A scenario: the fleet and its faults, Meta's rules where they are uncertain, and how webhooks are sent, as values.

It decides nothing and reads no file (``scenario_file`` does). Built by tests and demos in code, by the command line
from a file, and replaced at run time through ``Platform.set_scenario``. SCENARIOS.md explains every key.
"""

from typing import Annotated, Literal

import msgspec

from .catalogue import CATALOGUE, PARAMETERS, Hop

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
Kind = Literal["image", "audio", "video", "document", "sticker"]

DAY_S = 86_400.0
_RETRY_DELAYS_S = (0.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 3 * 3600.0, 6 * 3600.0, 12 * 3600.0)


class FaultRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault of one server, and when it strikes. The first rule of a server that fits a request decides.

    ``probability`` is drawn per request, repeatably by seed, media id and the number of the request. ``from_s`` and
    ``until_s`` are simulated seconds since the start. ``versions`` are Graph versions in the path of a look-up.
    ``first_n`` strikes only the first n requests of each media.
    Raises ValueError when the fault is unknown, or a parameter or hop does not belong to it.
    """

    fault: str
    hop: Hop | None = None
    probability: Share = 1.0
    from_s: Seconds = 0.0
    until_s: Seconds | None = None
    kinds: tuple[Kind, ...] = ()
    numbers: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    first_n: AtLeastOne | None = None
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    code: Count | None = None
    latency_s: Seconds | None = None
    bytes_per_s: Positive | None = None
    after_bytes: Count | None = None
    size_bytes: Count | None = None
    retry_after_s: Count | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        """Refuse a rule that could never mean anything."""
        fault = CATALOGUE.get(self.fault)
        if fault is None:
            raise ValueError(f"fault {self.fault!r} is not known")
        if self.hop is not None and self.hop not in fault.hops:
            raise ValueError(f"hop {self.hop!r} does not fit fault {self.fault!r}, which belongs to {fault.hops[0]}")
        for name in PARAMETERS:
            if getattr(self, name) is not None and name not in fault.parameters:
                raise ValueError(f"{name} does not belong to fault {self.fault!r}")


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``count`` servers of the fleet that behave alike; ``weight`` is how often each is chosen for a connection."""

    name: str = "server"
    count: AtLeastOne = 1
    weight: Positive = 1.0
    faults: tuple[FaultRule, ...] = ()


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Meta's rules, with a switch wherever it is not known which way Meta goes. Lifetimes in simulated seconds."""

    media_life_s: Positive = 7 * DAY_S
    no_storage_life_s: Positive = 3600.0
    upload_life_s: Positive = 30 * DAY_S
    url_life_s: Positive = 300.0
    webhook_url_life_s: Positive = 301.0
    sha256: Literal["hex", "base64"] = "hex"
    file_size: Literal["integer", "string"] = "integer"
    phone_number_id: Literal["refuse", "match", "ignore"] = "refuse"
    override: Literal["honour", "400", "405"] = "honour"
    download_401: Literal["graph", "lookaside"] = "graph"
    user_agent: bool = True
    fresh_404_s: Seconds = 0.0
    block_after_errors: Count = 0
    block_window_s: Positive = 3600.0
    block_for_s: Positive = 1800.0
    balance: Literal["connection", "request"] = "connection"


class Webhooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How webhooks look and are sent: in which spelling, over how many connections, how mangled, how often again.

    Delays are simulated seconds, ``answer_timeout_s`` real ones. A rate is a share of bodies, 0 to 1.
    """

    concurrency: AtLeastOne = 8
    url: bool = True
    fresh_url: bool = False
    ext: Literal["seconds", "milliseconds"] = "seconds"
    sha256: Literal["base64", "hex"] = "base64"
    timestamps: Literal["string", "integer"] = "string"
    bsuid: bool = True
    legacy_signature: bool = False
    duplicate_rate: Share = 0.0
    repeat_id_rate: Share = 0.0
    reorder_rate: Share = 0.0
    batch_rate: Share = 0.0
    batch_max: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20
    retry_delays_s: tuple[Seconds, ...] = _RETRY_DELAYS_S
    give_up_after_s: Positive = 7 * DAY_S
    answer_timeout_s: Positive = 10.0


class Traffic(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Messages that a standalone simulator sends by itself: how many (0 = without end), how fast, of what kinds."""

    messages: Count = 0
    rate_per_s: Positive = 1.0
    mix: dict[str, Annotated[float, msgspec.Meta(ge=0)]] = {}


class TokenEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A token that the platform knows, and the name under which it is recorded."""

    name: str
    value: str


class NumberEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A business phone number: its ids, the app secret and callback of its webhooks, the name of its token."""

    phone_number_id: str
    app_secret: str
    callback: str
    token: str
    waba: str = "100000000000001"
    display: str = "15550009876"
    no_storage: bool = False


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a run of the simulator is told beforehand."""

    speed: Positive = 1.0
    servers: tuple[Server, ...] = (Server(),)
    rules: Rules = Rules()
    webhooks: Webhooks = Webhooks()
    tokens: tuple[TokenEntry, ...] = ()
    numbers: tuple[NumberEntry, ...] = ()
    traffic: Traffic | None = None

    def __post_init__(self) -> None:
        """Refuse a fleet without servers, and a number whose token nobody knows."""
        if not self.servers:
            raise ValueError("servers must not be empty")
        known = {token.name for token in self.tokens}
        for number in self.numbers:
            if number.token not in known:
                raise ValueError(f"token {number.token!r} of number {number.phone_number_id} is not among tokens")


def one_fault(fault: FaultRule, *, servers: int = 1, bad: int = 1, **rest: object) -> Scenario:
    """A scenario with ``bad`` of ``servers`` servers showing one fault; ``rest`` are the scenario's other keys."""
    fleet: tuple[Server, ...] = (Server(name="bad", count=bad, faults=(fault,)),)
    if servers > bad:
        fleet += (Server(name="good", count=servers - bad),)
    return msgspec.structs.replace(Scenario(servers=fleet), **rest)
