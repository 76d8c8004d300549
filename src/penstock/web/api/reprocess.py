"""The reprocessing half of the API: a run is planned, begun, looked at and steered.

Looking is for every role, the rest for operators. A token with a workspace begins runs of its own workspace and sees
no others. The running instance carries runs on, wherever that is. Entries of the table in ``routes``.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypedDict

from msgspec import Meta, Struct
from starlette.responses import Response

from penstock.core import ids
from penstock.core.ids import Kind
from penstock.core.reprocess import takes_s
from penstock.core.work import Outcome
from penstock.ledger.book import Ledger
from penstock.ledger.runs import Asked, Found, Report
from penstock.web.api.endpoint import Ask, NoQuery, as_json, missing
from penstock.web.api.reading import Moment
from penstock.web.api.shapes import Time
from penstock.web.words import rfc3339, utc

Why = Annotated[str, Meta(max_length=500, description="the reason, which is kept in the audit log")]
MediaKind = Literal["image", "audio", "video", "document", "sticker"]


class RunNew(Struct, forbid_unknown_fields=True):
    """Which files to put back to work; what is not named filters nothing."""

    why: Why
    workspace: str | None = None
    number: Annotated[str, Meta(description="Meta's phone number id")] | None = None
    state: Literal["failed", "expired"] | None = None
    error: Annotated[Outcome, Meta(description="the class of the last failure")] | None = None
    kind: MediaKind | None = None
    since: Annotated[Moment, Meta(description="received then or later")] | None = None
    until: Annotated[Moment, Meta(description="received before")] | None = None
    media: Annotated[list[str], Meta(max_length=100, description="these files alone, whatever their state")] = []
    past_deadline: Annotated[bool, Meta(description="also what WhatsApp no longer keeps: rarely worth it")] = False
    rate: Annotated[float, Meta(ge=0.001, le=100_000, description="files a second at most")] | None = None
    dry_run: Annotated[bool, Meta(description="count and change nothing")] = False


class Steering(Struct, forbid_unknown_fields=True):
    """Why a run is steered."""

    why: Why = ""


class Run(Struct, frozen=True):
    """A run: selected = attached + failed + expired + cancelled + waiting + under_way + what is not eligible."""

    id: Annotated[str | None, Meta(description="null for a dry run")]
    state: Annotated[str, Meta(description="dry-run, running, paused, cancelled or done")]
    selected: int
    eligible: int
    ineligible: Annotated[dict[str, int], Meta(description="reason → how many")]
    bytes: Annotated[int, Meta(description="of the eligible, as declared")]
    sizes_unknown: Annotated[int, Meta(description="eligible files of which nobody declared a size")]
    done: int = 0
    attached: int = 0
    failed: Annotated[int, Meta(description="failed again")] = 0
    expired: int = 0
    cancelled: int = 0
    waiting: Annotated[int, Meta(description="for their turn")] = 0
    under_way: int = 0
    selecting: bool = False
    on_trial: Annotated[bool, Meta(description="the first hundred are not judged yet")] = True
    reason: Annotated[str | None, Meta(description="why it paused itself")] = None
    rate: float | None = None
    takes_s: Annotated[float | None, Meta(description="how long it will take, when that can be told beforehand")] = None
    workspace: Annotated[str | None, Meta(description="null: all of them")] = None
    by: str | None = None
    why: str | None = None
    created_at: Time | None = None
    ended_at: Annotated[Time | None, Meta(description="when the last of its files was accounted for")] = None


class Selection(TypedDict):
    """The part of a run that is known beforehand."""

    selected: int
    eligible: int
    ineligible: dict[str, int]
    bytes: int
    sizes_unknown: int


class RunList(Struct, frozen=True):
    """Runs, the newest first."""

    runs: list[Run]


class Reprocessing:
    """The handlers."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._store = ledger.reprocess

    async def runs(self, ask: Ask, _query: NoQuery) -> RunList:
        """The newest runs that the token may see."""
        found = await self._store.runs(workspace_id=ask.access.workspace_id, limit=100)
        return RunList([shown(report) for report in found])

    async def run(self, ask: Ask, _query: NoQuery) -> Run:
        """One run."""
        report = await self._store.run(ask.row(Kind.RUN), workspace_id=ask.access.workspace_id)
        if report is None:
            raise missing()
        return shown(report)

    async def start(self, ask: Ask, _query: NoQuery, new: RunNew) -> Run | Response:
        """Begin a run, or count what it would be about."""
        asked = _asked(ask, new)
        found = await self._store.plan(asked)
        takes = takes_s(found.eligible, rate=new.rate, recent=await self._store.recent_rate())
        if new.dry_run:
            return as_json(planned(asked, found, rate=new.rate, takes=takes), 200)
        report = await self._store.start(asked, rate=new.rate, who=f"token:{ask.access.name}", why=new.why.strip())
        return shown(report, found, takes=takes)

    def steer(self, step: str) -> Callable[[Ask, NoQuery, Steering], Awaitable[Run]]:
        """Makes the handler that pauses, resumes or cancels a run."""

        async def work(ask: Ask, _query: NoQuery, told: Steering) -> Run:
            row, within = ask.row(Kind.RUN), ask.access.workspace_id
            if await self._store.run(row, workspace_id=within) is None:
                raise missing()
            who = f"token:{ask.access.name}"
            return shown(await self._store.steer(row, step, who=who, why=told.why.strip(), workspace_id=within))

        return work


def shown(report: Report, found: Found | None = None, *, takes: float | None = None) -> Run:
    """A run as the API shows it; ``found`` is what was counted before it began to find its files itself."""
    run = report.run
    return Run(
        id=ids.encode(Kind.RUN, report.id),
        state=run.state.value,
        **_selection(found or report.found),
        done=run.ended,
        attached=run.attached,
        failed=run.failed,
        expired=run.expired,
        cancelled=run.cancelled,
        waiting=run.waiting,
        under_way=run.under_way,
        selecting=run.selecting,
        on_trial=run.on_trial,
        reason=run.reason,
        rate=run.rate,
        takes_s=takes,
        workspace=report.workspace,
        by=report.by,
        why=report.why,
        created_at=rfc3339(report.created_at),
        ended_at=utc(report.ended_at),
    )


def planned(asked: Asked, found: Found, *, rate: float | None, takes: float | None) -> Run:
    """What a run would be about."""
    return Run(
        id=None, state="dry-run", **_selection(found), rate=rate, takes_s=takes, workspace=asked.workspace or None
    )


def _selection(found: Found) -> Selection:
    return {
        "selected": found.selected,
        "eligible": found.eligible,
        "ineligible": {reason.value: count for reason, count in found.refusals.items()},
        "bytes": found.bytes,
        "sizes_unknown": found.sizes_unknown,
    }


def _asked(ask: Ask, new: RunNew) -> Asked:
    """The filter, within what the token may see. Raises ProblemError 404."""
    bound = ask.access.workspace
    if bound is not None and new.workspace not in (None, bound):
        raise missing()
    rows = [ids.decode(Kind.MEDIA, each) for each in dict.fromkeys(new.media)]
    if None in rows:
        raise missing()
    return Asked(
        workspace=bound or new.workspace or "",
        number=new.number or "",
        state=new.state or "",
        outcome=new.error.value if new.error else "",
        kind=new.kind or "",
        since=new.since.timestamp() if new.since else None,
        until=new.until.timestamp() if new.until else None,
        media=tuple(row for row in rows if row is not None),
        past_deadline=new.past_deadline,
    )
