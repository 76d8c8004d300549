"""Simulated traffic for the watch: how soon the real detector and the real diagnosis speak, and how often for nothing.

Outcomes of one operation come from so many workspaces with 200 conversations each. Nothing waits and nothing is sent:
the time is simulated and the randomness seeded. Used by ``bench.watch``.
"""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

from penstock.core import detector, diagnosis, dimensions
from penstock.core.detector import Detector, First, Signal
from penstock.core.work import Outcome

OPERATION = "media.look_up"
BASELINE = 0.005
CONVERSATIONS = 200
DAY_S = 86_400.0
_KNOWN = 2_000  # outcomes before the change
_BURSTS_A_DAY = 12
_BURST = 0.1  # of 1 + Exp(10) failures together
_ONE_CONVERSATION = 0.7  # of the bursts; the others spread over one workspace
_MUTED_S = 3_600.0  # alarms within an hour are one
_GIVE_UP_S = 6 * 3_600.0


class Delay(NamedTuple):
    """From the change to the alarm; infinite where there was none."""

    outcomes: float
    seconds: float
    onset_error_s: float  # how far the computed onset is from the change


def delay(
    rng: random.Random, *, rate: float, workspaces: int, failing: float, streams: int, bursts: bool = False
) -> Delay:
    """One run: an ordinary hour, then ``failing`` of everything fails; probes are sent as the detector wants them."""
    it = Detector(streams=streams)
    began = _ordinary_hour(it, rng, _quiet_hour(it, rate, workspaces), rate, workspaces, bursts=bursts)
    at, outcomes = began, 0
    probe_at: float | None = None
    while at < began + _GIVE_UP_S:
        at += rng.expovariate(rate)
        outcomes += 1
        while probe_at is not None and probe_at < at:
            if _alarm(said := it.probed(OPERATION, failed=_probe(rng, failing), at=probe_at)):
                return _delay(said, outcomes, probe_at, began)
            probe_at = probe_at + 1 if it.wants_probes() else None
        if _alarm(said := it.seen(_first(rng, at, workspaces, failing))):
            return _delay(said, outcomes, at, began)
        if probe_at is None and it.wants_probes():
            probe_at = at + 1
    return Delay(math.inf, math.inf, math.inf)


def false_alarms(rng: random.Random, *, rate: float, workspaces: int, days: float, bursts: bool, streams: int) -> float:
    """Alarms in so many quiet days. Only failures are visited one by one; what lies between them is passed at once."""
    it = Detector(streams=streams)
    began = at = _quiet_hour(it, rate, workspaces)
    events = _failures(rng, rate, workspaces, began, days * DAY_S, bursts=bursts)
    alarms, muted_until, touched = 0, 0.0, began
    for then, workspace, conversation in events:
        gap = (then - at) * rate
        if it.workspaces >= detector.ENOUGH_WORKSPACES:
            gap -= min(gap, detector.NEUTRAL_S * rate) / workspaces  # what a unit that is left out would have had
        it.passed(OPERATION, max(0, round(gap)), then)
        at = then
        if then - touched > detector.ACTIVE_S / 2:
            touched = then
            for name in range(workspaces):
                it.seen(First(then, OPERATION, Outcome.DELIVERED, f"w{name}", None))
        said = it.seen(First(then, OPERATION, Outcome.UPSTREAM, f"w{workspace}", conversation))
        for second in range(1, detector.PROBES + 1):
            if not it.wants_probes():
                break
            said = it.probed(OPERATION, failed=_probe(rng, BASELINE), at=then + second) or said
        if said is not None and said.kind == "alarm":
            it.closed(said.key)
            alarms += then > muted_until
            muted_until = then + _MUTED_S
    return alarms


class Named(NamedTuple):
    """What a diagnosis said of one run."""

    claimed: bool
    cause: bool  # the first rule names our own request
    servers: bool  # and exactly the servers that refuse it


def incident(rng: random.Random, *, failures: int, servers: int = 20, bad: int = 6) -> Named:
    """The look-up sent as POST, which some servers refuse: the diagnosis at so many failures."""
    rows: list[diagnosis.Row] = []
    met = 0
    while met < failures:
        rows.append(_attempt(rng, servers=servers, bad=bad, wrong=True))
        met += rows[-1].failed
    rows += [_attempt(rng, servers=servers, bad=bad, wrong=False) for _ in range(1_000)]
    found = diagnosis.diagnose(rows, dimensions.CAUSES, rng=rng)
    if found is None:
        return Named(claimed=False, cause=False, servers=False)
    clauses = found.rule.clauses
    refusing = {f"s{number}" for number in range(bad)}
    named = set(clauses.get("server", ())) == refusing or set(clauses.get("peer_address", ())) == refusing
    return Named(claimed=True, cause=bool({"contract_ok", "wire_method"} & set(clauses)), servers=named)


def quiet(rng: random.Random, *, attempts: int = 8_000) -> bool:
    """Whether the diagnosis claims anything about failures without any structure."""
    rows = [_attempt(rng, servers=20, bad=0, wrong=False) for _ in range(attempts)]
    return diagnosis.diagnose(rows, dimensions.CAUSES, rng=rng) is not None


def middle(values: Sequence[float], share: float = 0.5) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


# -- traffic ------------------------------------------------------------------------------------


def _quiet_hour(it: Detector, rate: float, workspaces: int) -> float:
    """An hour of nothing but deliveries; when it is over."""
    for minute in range(60):
        it.passed(OPERATION, round(rate * 60), minute * 60.0)
    over = 3_600.0
    it.passed(OPERATION, max(0, _KNOWN - round(rate * 3_600)), over - 1)
    for name in range(workspaces):
        it.seen(First(over, OPERATION, Outcome.DELIVERED, f"w{name}", None))
    return over


def _ordinary_hour(
    it: Detector, rng: random.Random, began: float, rate: float, workspaces: int, *, bursts: bool
) -> float:
    """An hour with its usual failures; when it is over. What rang for nothing is closed: that is counted elsewhere."""
    at, over = began, began + 3_600.0
    for then, workspace, conversation in _failures(rng, rate, workspaces, began, 3_600.0, bursts=bursts):
        if then >= over:
            break
        it.passed(OPERATION, max(0, round((then - at) * rate)), then)
        at = then
        said = it.seen(First(then, OPERATION, Outcome.UPSTREAM, f"w{workspace}", conversation))
        if said is not None:
            it.closed(said.key)
    it.passed(OPERATION, max(0, round((over - at) * rate)), over)
    for name in range(workspaces):
        it.seen(First(over, OPERATION, Outcome.DELIVERED, f"w{name}", None))
    return over


def _first(rng: random.Random, at: float, workspaces: int, failing: float) -> First:
    failed = rng.random() < failing
    outcome = Outcome.UPSTREAM if failed else Outcome.DELIVERED
    return First(at, OPERATION, outcome, f"w{rng.randrange(workspaces)}", rng.randrange(CONVERSATIONS))


def _probe(rng: random.Random, failing: float) -> Outcome | None:
    return Outcome.UPSTREAM if rng.random() < failing else None


def _alarm(said: Signal | None) -> bool:
    return said is not None and said.kind == "alarm"


def _delay(said: Signal | None, outcomes: int, at: float, began: float) -> Delay:
    assert said is not None
    onset = said.onset_at if said.onset_at is not None else at
    return Delay(float(outcomes), at - began, abs(onset - began))


def _failures(
    rng: random.Random, rate: float, workspaces: int, began: float, length_s: float, *, bursts: bool
) -> list[tuple[float, int, int]]:
    """(time, workspace, conversation) of every failure of the quiet days, in order."""
    found = []
    at, share = began, 0.0065 if bursts else BASELINE
    while (at := at + rng.expovariate(rate * share)) < began + length_s:
        found.append((at, rng.randrange(workspaces), rng.randrange(CONVERSATIONS)))
    at = began
    while bursts and (at := at + rng.expovariate(_BURSTS_A_DAY / DAY_S)) < began + length_s:
        workspace, conversation = rng.randrange(workspaces), rng.randrange(CONVERSATIONS)
        one = rng.random() < _ONE_CONVERSATION
        for nth in range(1 + int(rng.expovariate(_BURST))):
            place = conversation if one else rng.randrange(CONVERSATIONS)
            found.append((at + nth * 1.4 / rate, workspace, place))
    return sorted(found)


def _attempt(rng: random.Random, *, servers: int, bad: int, wrong: bool) -> diagnosis.Row:
    operation = rng.choice(("media.look_up", "media.download"))
    server = rng.randrange(servers)
    wrong = wrong and operation == OPERATION
    tenant = min(int(rng.paretovariate(0.8)), 300)  # a few large ones and many small
    named = {
        "contract_ok": "no" if wrong else "yes",
        "wire_method": "POST" if wrong else "GET",
        "declared_method": "GET",
        "operation": operation,
        "server": f"s{server}",
        "peer_address": f"s{server}",
        "host": "graph" if operation == OPERATION else "files",
        "recipe": "standard/1",
        "api_version": "v26.0",
        "kind": rng.choice(("audio", "document", "image", "sticker", "video")),
        "size_band": rng.choice(("64 KB to 1 MB", "1 to 16 MB")),
        "mime_type": rng.choice(("audio/ogg", "image/jpeg", "video/mp4")),
        "workspace": f"w{tenant}",
        "number": f"n{tenant}",
        "credential": f"c{tenant}",
        "worker": f"f{rng.randrange(4)}",
    }
    refused = wrong and server < bad and rng.random() < 0.98
    return diagnosis.Row(named, refused or rng.random() < BASELINE)
