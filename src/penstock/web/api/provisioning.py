"""The setting half of the API: workspaces, apps, credentials and numbers, for admins whose token is for all of them.

Secrets go in and never come out. Adding a number, or giving it another app, reads what quarantine holds for it. A
change takes effect in this process at once, elsewhere within a second. Entries of the table in ``routes``.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from penstock.core import ids
from penstock.core.ids import Kind
from penstock.core.keeping import FOREVER, MOST_DAYS, WHAT
from penstock.flow import rereading
from penstock.flow.nudge import Nudge
from penstock.flow.registry import Registry
from penstock.ledger.book import Ledger
from penstock.ledger.provisioning import Provisioning as Store
from penstock.ledger.rows import Access
from penstock.web.api.endpoint import Ask, NoQuery, missing
from penstock.web.api.shapes import Time
from penstock.web.words import rfc3339

Facts = dict[str, object]

Name = Annotated[str, Meta(description="1 to 63 of a-z, 0-9 and dash")]
Why = Annotated[str, Meta(max_length=500, description="for the audit log")]
Days = Annotated[int, Meta(ge=1, le=MOST_DAYS)] | Literal["forever"]
Secret = Annotated[str, Meta(description="goes in, never comes out", extra_json_schema={"writeOnly": True})]


class RemoveQuery(Struct, forbid_unknown_fields=True):
    """Why something is removed."""

    why: Why = ""


class WorkspaceChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change of a workspace; what it does not keep any longer goes soon, and for good."""

    test: bool | None = None
    keep_bodies: Days | None = None
    keep_messages: Days | None = None
    keep_files: Days | None = None
    keep_attempts: Days | None = None
    why: Why = ""


class WorkspaceNew(WorkspaceChange, forbid_unknown_fields=True, kw_only=True):
    """A workspace to add; it keeps everything forever unless it is told otherwise."""

    name: Name
    test: bool = False


class AppNew(Struct, forbid_unknown_fields=True):
    """A Meta app to add."""

    name: Name
    secret: Secret
    verify_token: Secret
    forward_to: str | None = None
    why: Why = ""


class AppChange(Struct, forbid_unknown_fields=True):
    """What to change of an app; a new secret is valid beside the present one until the old one is dropped."""

    secret: Secret | None = None
    verify_token: Secret | None = None
    forward_to: Annotated[str, Meta(description="empty: nowhere")] | None = None
    drop_old_secret: bool = False
    why: Why = ""


class CredentialNew(Struct, forbid_unknown_fields=True):
    """A Meta token that several numbers may share."""

    name: Name
    token: Secret
    why: Why = ""


class CredentialChange(Struct, forbid_unknown_fields=True):
    """Another token in its place."""

    token: Secret
    why: Why = ""


class NumberNew(Struct, forbid_unknown_fields=True):
    """A business number to serve, with a shared credential or a token of its own."""

    phone_number_id: Annotated[str, Meta(description="Meta's phone number id, not the phone number")]
    workspace: str
    app: str
    credential: str | None = None
    token: Secret | None = None
    no_storage: bool = False
    why: Why = ""


class NumberChange(Struct, forbid_unknown_fields=True):
    """What to change of a number; its workspace is for good."""

    app: str | None = None
    credential: str | None = None
    token: Secret | None = None
    no_storage: bool | None = None
    why: Why = ""


class Workspace(Struct, frozen=True):
    """A workspace, and for how many days it keeps things."""

    id: str
    name: str
    test: bool
    created_at: Time
    keep_bodies: Days
    keep_messages: Days
    keep_files: Days
    keep_attempts: Days


class App(Struct, frozen=True):
    """A Meta app, without its secrets."""

    id: str
    name: str
    forward_to: str | None
    secrets: Annotated[int, Meta(description="2 while one is rotated")]
    created_at: Time


class Credential(Struct, frozen=True):
    """A credential, without its token."""

    id: str
    name: str
    numbers: Annotated[int, Meta(description="how many it serves")]
    created_at: Time
    changed_at: Time


class Reread(Struct, frozen=True):
    """What was read out of quarantine."""

    bodies: int
    messages: int
    media: int
    statuses: int


class Number(Struct, frozen=True, omit_defaults=True):
    """A business number."""

    id: str
    phone_number_id: str
    workspace: str
    app: str
    credential: str
    no_storage: bool
    created_at: Time
    reread: Annotated[Reread | None, Meta(description="what was in quarantine for it, when it was added")] = None


class WorkspaceList(Struct, frozen=True):
    """Every workspace that the token may see."""

    workspaces: list[Workspace]


class AppList(Struct, frozen=True):
    """Every app."""

    apps: list[App]


class CredentialList(Struct, frozen=True):
    """Every credential."""

    credentials: list[Credential]


class NumberList(Struct, frozen=True):
    """Every registered number that the token may see."""

    numbers: list[Number]


class Provisioning:
    """The handlers."""

    def __init__(self, ledger: Ledger, registry: Registry, nudge: Nudge) -> None:
        self._ledger = ledger
        self._store = ledger.provisioning
        self._registry = registry
        self._nudge = nudge

    # -- workspaces -------------------------------------------------------------------------

    async def workspaces(self, ask: Ask, _query: NoQuery) -> WorkspaceList:
        """The workspaces that the token may see."""
        return WorkspaceList([_workspace(facts) for facts in await self._seen_workspaces(ask.access)])

    async def workspace(self, ask: Ask, _query: NoQuery) -> Workspace:
        """One workspace."""
        return _workspace(_named(ask, Kind.WORKSPACE, await self._seen_workspaces(ask.access)))

    async def add_workspace(self, ask: Ask, _query: NoQuery, new: WorkspaceNew) -> Workspace:
        """Add a workspace."""
        return _workspace(
            await self._by(ask, new.why).add_workspace(
                new.name, test=new.test, keep=_wishes(new), now=await self._ledger.now()
            )
        )

    async def set_workspace(self, ask: Ask, _query: NoQuery, change: WorkspaceChange) -> Workspace:
        """Change a workspace."""
        name = _name(_named(ask, Kind.WORKSPACE, await self._store.workspaces()))
        return _workspace(await self._by(ask, change.why).set_workspace(name, test=change.test, keep=_wishes(change)))

    async def remove_workspace(self, ask: Ask, query: RemoveQuery) -> None:
        """Remove an empty workspace."""
        await self._by(ask, query.why).remove_workspace(
            _name(_named(ask, Kind.WORKSPACE, await self._store.workspaces()))
        )

    # -- apps -------------------------------------------------------------------------------

    async def apps(self, _ask: Ask, _query: NoQuery) -> AppList:
        """Every app, without secrets."""
        return AppList([_app(facts) for facts in await self._store.apps()])

    async def app(self, ask: Ask, _query: NoQuery) -> App:
        """One app."""
        return _app(_named(ask, Kind.APP, await self._store.apps()))

    async def add_app(self, ask: Ask, _query: NoQuery, new: AppNew) -> App:
        """Add an app."""
        facts = await self._by(ask, new.why).add_app(
            new.name,
            secret=new.secret,
            verify_token=new.verify_token,
            forward_to=new.forward_to,
            now=await self._ledger.now(),
        )
        await self._registry.refresh()
        return _app(facts)

    async def set_app(self, ask: Ask, _query: NoQuery, change: AppChange) -> App:
        """Change an app."""
        facts = await self._by(ask, change.why).set_app(
            _name(_named(ask, Kind.APP, await self._store.apps())),
            secret=change.secret,
            verify_token=change.verify_token,
            forward_to=change.forward_to,
            drop_old_secret=change.drop_old_secret,
        )
        await self._registry.refresh()
        return _app(facts)

    async def remove_app(self, ask: Ask, query: RemoveQuery) -> None:
        """Remove an app that nothing needs."""
        await self._by(ask, query.why).remove_app(_name(_named(ask, Kind.APP, await self._store.apps())))
        await self._registry.refresh()

    # -- credentials ------------------------------------------------------------------------

    async def credentials(self, _ask: Ask, _query: NoQuery) -> CredentialList:
        """Every credential, without tokens."""
        return CredentialList([_credential(facts) for facts in await self._store.credentials()])

    async def credential(self, ask: Ask, _query: NoQuery) -> Credential:
        """One credential."""
        return _credential(_named(ask, Kind.CREDENTIAL, await self._store.credentials()))

    async def add_credential(self, ask: Ask, _query: NoQuery, new: CredentialNew) -> Credential:
        """Add a credential."""
        facts = await self._by(ask, new.why).add_credential(new.name, token=new.token, now=await self._ledger.now())
        await self._registry.refresh()
        return _credential(facts)

    async def set_credential(self, ask: Ask, _query: NoQuery, change: CredentialChange) -> Credential:
        """Replace a credential's token."""
        name = _name(_named(ask, Kind.CREDENTIAL, await self._store.credentials()))
        facts = await self._by(ask, change.why).set_credential(name, token=change.token, now=await self._ledger.now())
        await self._registry.refresh()
        return _credential(facts)

    async def remove_credential(self, ask: Ask, query: RemoveQuery) -> None:
        """Remove a credential that no number uses."""
        await self._by(ask, query.why).remove_credential(
            _name(_named(ask, Kind.CREDENTIAL, await self._store.credentials()))
        )
        await self._registry.refresh()

    # -- numbers ----------------------------------------------------------------------------

    async def numbers(self, ask: Ask, _query: NoQuery) -> NumberList:
        """The registered numbers that the token may see."""
        return NumberList([_number(facts) for facts in await self._seen_numbers(ask.access)])

    async def number(self, ask: Ask, _query: NoQuery) -> Number:
        """One number."""
        return _number(_named(ask, Kind.NUMBER, await self._seen_numbers(ask.access)))

    async def add_number(self, ask: Ask, _query: NoQuery, new: NumberNew) -> Number:
        """Register a number and read what quarantine holds for it."""
        facts = await self._by(ask, new.why).add_number(
            new.phone_number_id,
            workspace=new.workspace,
            app=new.app,
            credential=new.credential,
            token=new.token,
            no_storage=new.no_storage,
            now=await self._ledger.now(),
        )
        return _number(facts, await self._reread(new.phone_number_id))

    async def set_number(self, ask: Ask, _query: NoQuery, change: NumberChange) -> Number:
        """Change a number; under another app, what quarantine holds for it may be read now."""
        phone_number_id = _name(_named(ask, Kind.NUMBER, await self._store.numbers()))
        facts = await self._by(ask, change.why).set_number(
            phone_number_id,
            app=change.app,
            credential=change.credential,
            token=change.token,
            no_storage=change.no_storage,
            now=await self._ledger.now(),
        )
        return _number(facts, await self._reread(phone_number_id))

    async def remove_number(self, ask: Ask, query: RemoveQuery) -> None:
        """Stop serving a number; what it received stays."""
        phone_number_id = _name(_named(ask, Kind.NUMBER, await self._store.numbers()))
        await self._by(ask, query.why).remove_number(phone_number_id, now=await self._ledger.now())
        await self._registry.refresh()

    def _by(self, ask: Ask, why: str) -> Store:
        """The store, for changes that this token answers for."""
        return self._store.by(f"token:{ask.access.name}", why)

    async def _reread(self, phone_number_id: str) -> Reread:
        read = await rereading.read_strays(self._ledger, self._registry, phone_number_id)
        if read.bodies:
            self._nudge.changed()
        return Reread(read.bodies, read.messages, read.media, read.statuses)

    async def _seen_workspaces(self, access: Access) -> list[Facts]:
        return [row for row in await self._store.workspaces() if access.workspace in (None, row["name"])]

    async def _seen_numbers(self, access: Access) -> list[Facts]:
        return [row for row in await self._store.numbers() if access.workspace in (None, row["workspace"])]


def _named(ask: Ask, kind: Kind, rows: list[Facts]) -> Facts:
    """The row that the path names, by Penstock's id, its name or Meta's id. Raises ProblemError 404."""
    name = ask.text("name")
    id_ = ids.decode(kind, name)
    for row in rows:
        if row["id"] == id_ if id_ is not None else _name(row) == name:
            return row
    raise missing()


def _wishes(told: WorkspaceChange) -> dict[str, int | None]:
    """What was said about keeping: what → days, None for good; nothing where nothing was said."""
    said = {what: getattr(told, f"keep_{what}") for what in WHAT}
    return {what: None if days == FOREVER else days for what, days in said.items() if days is not None}


def _name(row: Facts) -> str:
    return str(row["name"] if "name" in row else row["phone_number_id"])


def _shown(kind: Kind, facts: Facts) -> Facts:
    """Facts with a public id and readable times."""
    times = {key: rfc3339(float(str(value))) for key, value in facts.items() if key.endswith("_at")}
    return facts | times | {"id": ids.encode(kind, int(str(facts["id"])))}


def _workspace(facts: Facts) -> Workspace:
    return Workspace(**_shown(Kind.WORKSPACE, facts))  # type: ignore[arg-type]


def _app(facts: Facts) -> App:
    return App(**_shown(Kind.APP, facts))  # type: ignore[arg-type]


def _credential(facts: Facts) -> Credential:
    return Credential(**_shown(Kind.CREDENTIAL, facts))  # type: ignore[arg-type]


def _number(facts: Facts, reread: Reread | None = None) -> Number:
    return Number(**_shown(Kind.NUMBER, facts), reread=reread)  # type: ignore[arg-type]
