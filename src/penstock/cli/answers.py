"""Rows as programs get them through ``--json``: the shapes that scripts rely on, in one place.

Times are RFC 3339 in UTC, ids Penstock's own, hashes hex; no secret is among them. Pure functions of rows. Used by the
commands that read.
"""

from typing import Any

from msgspec import structs, to_builtins

from penstock.cli.words import plain, utc
from penstock.controls.rollouts.kept import evidence
from penstock.core import ids
from penstock.core.alert import incident_facts
from penstock.core.expiry import DAY_S, HOUR_S, SIX_HOURS_S, Expiring
from penstock.core.gate import Gate
from penstock.core.incident import Event, Incident
from penstock.core.probing import RENEW_S
from penstock.core.staging import Rollout
from penstock.core.trace import Trace
from penstock.core.trace import state as state_of
from penstock.core.work import Attempt
from penstock.ledger.alerts import TargetState
from penstock.ledger.audit_log import Recorded, readable
from penstock.ledger.probes import Standing
from penstock.ledger.recipes import Listed
from penstock.ledger.rows import Media, Stray, Tally
from penstock.ledger.runs import Asked, Found, Report, Round

Facts = dict[str, Any]


def tally(row: Tally) -> Facts:
    """A workspace's counts. ``erased`` joins the sum once something was erased."""
    facts = structs.asdict(row)
    if not row.erased:
        del facts["erased"]
    return facts


def gate(row: Gate, holding: int) -> Facts:
    """A gate, and how many waiting items it holds."""
    return {
        "id": row.id,
        "scope": row.scope,
        "opening": row.opening,
        "owner": row.owner,
        "by": row.by,
        "why": row.why,
        "since": utc(row.since),
        "until": utc(row.until),
        "holding": holding,
        "override_automatic": row.override_automatic,
    }


def recipe(row: Listed) -> Facts:
    """A version of a recipe; of its parameters those that are otherwise than the settings have it."""
    return {
        "recipe": row.recipe.label,
        "name": row.recipe.name,
        "version": row.recipe.version,
        "implementation": row.recipe.implementation,
        "parameters": to_builtins(row.recipe.parameters),
        "by": row.by,
        "why": row.why,
        "created_at": utc(row.created_at or None),
        "in_use": row.in_use,
    }


def cost(row: Gate, found: Expiring, sentence: str) -> Facts:
    """What a gate costs, of what waits in its scope now."""
    return {
        "waiting": found.waiting.files,
        "workspaces": found.waiting.workspaces,
        "expiring": found.before.files,
        "expiring_workspaces": found.before.workspaces,
        "no_storage_within_1h": found.no_storage(),
        "past": found.past,
        "until": utc(row.until),
        "sentence": plain(sentence),
    }


def expiring(row: Gate, found: Expiring) -> Facts:
    """How long what stands behind a gate has."""
    return {
        "gate": row.id,
        "scope": row.scope,
        "waiting": found.waiting.files,
        "workspaces": found.waiting.workspaces,
        "within_1h": found.within(HOUR_S),
        "within_6h": found.within(SIX_HOURS_S),
        "within_24h": found.within(DAY_S),
        "no_storage_within_1h": found.no_storage(),
        "past": found.past,
        "first_at": utc(found.first_at),
    }


def trace(row: Trace, now: float) -> Facts:
    """A trace, and whether it is on."""
    return {
        "id": row.id,
        "scope": row.scope,
        "state": state_of(row, now),
        "by": row.by,
        "why": row.why,
        "since": utc(row.since),
        "until": utc(row.until),
        "most_exchanges": row.most_exchanges,
        "most_bytes": row.most_bytes,
        "exchanges": row.exchanges,
        "bytes": row.bytes,
        "dropped": row.dropped,
        "ended_at": utc(row.ended_at),
        "ended_by": row.ended_by,
        "ended_why": row.ended_why,
    }


def incident(row: Incident) -> Facts:
    """An incident."""
    return incident_facts(row)


def incident_event(row: Event) -> Facts:
    """A line of an incident's timeline."""
    return {"id": row.id, "at": utc(row.at), "kind": row.kind, "actor": row.actor, "text": row.text, "data": row.data}


def rollout(row: Rollout) -> Facts:
    """A rollout, with the evidence in words."""
    return {
        "id": row.id,
        "recipe": row.recipe,
        "previous": row.previous,
        "stage": row.shown_stage,
        "paused_at": row.stage if row.paused else None,
        "share": row.share,
        "unit": row.unit,
        "test_workspaces": list(row.test_workspaces),
        "outcomes": row.progress.outcomes,
        "failures": row.progress.failures,
        "evidence": evidence(row),
        "log_e": round(row.progress.evidence, 3),
        "reason": row.reason,
        "by": row.by,
        "why": row.why,
        "started_at": utc(row.started_at),
        "since": utc(row.since),
        "ended_at": utc(row.ended_at),
    }


def probe(row: Standing | None, now: float) -> Facts | None:
    """The synthetic probe: its number, how old its file is, how the last fetch ended; None when there is none."""
    if row is None:
        return None
    known, last = row.known, row.last
    return {
        "number": row.target.phone_number_id,
        "workspace": row.target.workspace,
        "media_id": None if known is None else known.media_id,
        "uploaded_at": None if known is None else utc(known.uploaded_at),
        "media_age_s": None if known is None else round(now - known.uploaded_at, 3),
        "renewed_at": None if known is None else utc(known.uploaded_at + RENEW_S),
        "last": None
        if last is None
        else {"at": utc(last.at), "operation": last.operation, "class": last.outcome, "sentence": plain(last.said)},
    }


def alert_target(row: TargetState) -> Facts:
    """An alert target, and how far it has been told. No address is shown that may be a secret."""
    return {
        "name": row.name,
        "state": row.state,
        "told": row.told,
        "told_at": utc(row.told_at),
        "passed_over": row.passed_over,
        "events_behind": row.behind,
        "attempts": row.attempts,
        "next_at": utc(row.next_at),
        "failing_since": utc(row.failing_since),
        "error": row.error,
        "since": utc(row.since),
    }


def change(row: Recorded) -> Facts:
    """An entry of the audit log."""
    return readable(row)


def media(row: Media) -> Facts:
    """A file of a message. ``class`` is that of its last failure, ``reason`` the sentence."""
    return {
        "id": ids.encode(ids.Kind.MEDIA, row.id),
        "media_id": row.media_id,
        "wamid": row.wamid or None,
        "workspace": row.workspace,
        "number": row.phone_number_id,
        "kind": row.kind,
        "state": row.state,
        "held": row.held,
        "class": row.outcome,
        "reason": row.reason,
        "attempts": row.attempts,
        "received_at": utc(row.received_at),
        "deadline": utc(row.deadline),
        "due_at": utc(row.due_at),
        "attached_at": utc(row.attached_at),
        "size": row.size,
        "sha256": None if row.sha256 is None else row.sha256.hex(),
        "content_type": row.content_type,
    }


def attempt(row: Attempt) -> Facts:
    """One request that was made for a file, or refused before it was sent."""
    facts = structs.asdict(row)
    facts["at"] = utc(row.at)
    facts["class"] = facts.pop("outcome").value
    return facts


def planned(found: Found, *, seconds: float | None) -> Facts:
    """What a run of reprocessing would be about. Nothing of it is done."""
    return {
        "id": None,
        **_selection(found),
        **dict.fromkeys(("done", "attached", "failed", "expired", "cancelled", "waiting", "under_way"), 0),
        "state": "dry-run",
        "takes_s": seconds,
        "first_deadline": utc(found.first_deadline),
    }


def begun(row: Report, found: Found, *, seconds: float | None) -> Facts:
    """A run that has just begun, with what was found before: it is still finding its files itself."""
    return run(row) | _selection(found) | {"takes_s": seconds}


def run(row: Report) -> Facts:
    """A run of reprocessing: selected = attached + failed + expired + cancelled, once nothing waits or is under way.

    What is not eligible is said apart: ``selected`` counts it, too.
    """
    counts = row.run
    return {
        "id": ids.encode(ids.Kind.RUN, row.id),
        **_selection(row.found),
        "done": counts.ended,
        "attached": counts.attached,
        "failed": counts.failed,
        "expired": counts.expired,
        "cancelled": counts.cancelled,
        "waiting": counts.waiting,
        "under_way": counts.under_way,
        "state": counts.state.value,
        "phase": phase(row),
        "reason": counts.reason,
        "rate": counts.rate,
        "workspace": row.workspace,
        "files": asked(row.asked),
        "by": row.by,
        "why": row.why,
        "created_at": utc(row.created_at),
        "changed_at": utc(row.changed_at),
        "ended_at": utc(row.ended_at),
    }


def phase(row: Report) -> str:
    """How far a run has come: selecting, trial, all, or over (then nothing of it is under way any more)."""
    if row.ended_at is not None:
        return "over"
    if row.run.selecting:
        return "selecting"
    return "trial" if row.run.on_trial else "all"


def asked(filters: Asked) -> Facts:
    """The filter of a run, without what it does not filter by."""
    facts = {name: value for name, value in structs.asdict(filters).items() if value}
    if filters.outcome:
        facts["error"] = facts.pop("outcome")
    if filters.media:
        facts["media"] = [ids.encode(ids.Kind.MEDIA, each) for each in filters.media]
    return facts | {name: utc(facts[name]) for name in ("since", "until") if name in facts}


def round_(row: Round) -> Facts:
    """One time that a file was put back to work."""
    return {
        "round": row.number,
        "run": ids.encode(ids.Kind.RUN, row.run_id),
        "by": row.by,
        "why": row.why,
        "at": utc(row.at),
        "attempts_before": row.made,
    }


def _selection(found: Found) -> Facts:
    return {
        "selected": found.selected,
        "eligible": found.eligible,
        "ineligible": {reason.value: count for reason, count in found.refusals.items()},
        "bytes": found.bytes,
        "sizes_unknown": found.sizes_unknown,
    }


def stray(row: Stray) -> Facts:
    """A number that nobody registered, and how much came for it."""
    return structs.asdict(row) | {"first_at": utc(row.first_at), "last_at": utc(row.last_at)}


def process(row: dict[str, object]) -> Facts:
    """A process that is alive."""
    seen_at = row["seen_at"]
    return {**row, "seen_at": utc(seen_at) if isinstance(seen_at, float) else None}
