"""Who is served: workspaces, Meta apps, credentials and business numbers.

Secrets are sealed before they reach a row and unsealed only into the snapshot that the running parts use; neither what
the lists answer nor the audit log ever holds one. Every change raises a version, by which running processes notice.
Called by ``cli``, ``web.api`` and ``flow.registry``.
"""

from collections.abc import Callable

from penstock.adapters.db.port import Database, Row, Script
from penstock.core.errors import Conflict, NotFound, WrongUse
from penstock.core.keeping import NONE, Keep, Wishes
from penstock.ledger import facts
from penstock.ledger.audit_log import NOBODY, Author, Entry, entered
from penstock.ledger.facts import Facts
from penstock.ledger.journal import UNDER_WAY
from penstock.ledger.rows import App, Snapshot
from penstock.ledger.sealing import Sealer
from penstock.ledger.statements import Statements


class Provisioning:
    """Workspaces, apps, credentials, numbers."""

    def __init__(self, db: Database, sql: Statements, sealer: Sealer, author: Author = NOBODY) -> None:
        self._db = db
        self._sql = sql
        self._sealer = sealer
        self._author = author

    def by(self, who: str, why: str = "") -> "Provisioning":
        """The same, for changes that somebody answers for."""
        return Provisioning(self._db, self._sql, self._sealer, Author(who, why))

    # -- workspaces -------------------------------------------------------------------------

    async def add_workspace(self, name: str, *, test: bool = False, keep: Wishes = NONE, now: float) -> Facts:
        """Add a workspace; ``keep`` says in days how long it wishes things kept. Raises WrongUse or Conflict."""
        facts.check_name("workspace", name)
        columns = Keep().changed(keep).columns()

        def script() -> Script[None]:
            yield from self._absent("workspace", name)
            yield self._sql("insert_workspace", name=name, is_test=int(test), now=now, **columns)

        return await self._change("workspace", "add", name, script)

    async def workspaces(self) -> list[Facts]:
        """Every workspace."""
        return await self._list("list_workspaces", facts.workspace)

    async def set_workspace(self, name: str, *, test: bool | None = None, keep: Wishes = NONE) -> Facts:
        """Change a workspace; what ``keep`` does not name stays. Raises NotFound or WrongUse."""

        def script() -> Script[None]:
            row = yield from self._row("workspace", name)
            columns = facts.keep(row).changed(keep).columns()
            yield self._sql("set_workspace", id=row[0], is_test=row[2] if test is None else int(test), **columns)

        return await self._change("workspace", "set", name, script)

    async def remove_workspace(self, name: str) -> None:
        """Remove a workspace that has no numbers, no files and no tokens. Raises NotFound or Conflict."""

        def script() -> Script[None]:
            row = yield from self._row("workspace", name)
            used = yield self._sql("count_workspace_uses", id=row[0])
            numbers, tokens = used[0]
            if numbers or tokens:
                raise Conflict(
                    f"workspace {name} has {numbers} number(s), removed ones with their history included, and "
                    f"{tokens} API token(s); it can be removed only while it has none"
                )
            yield self._sql("delete_workspace", id=row[0])

        await self._change("workspace", "remove", name, script)

    # -- apps -------------------------------------------------------------------------------

    async def add_app(
        self,
        name: str,
        *,
        secret: str,
        verify_token: str,
        forward_to: str | None = None,
        now: float,
    ) -> Facts:
        """Add a Meta app. Raises WrongUse or Conflict."""
        facts.check_name("app", name)
        facts.check_secret("the app secret", secret)
        facts.check_secret("the verify token", verify_token)
        facts.check_url(forward_to)

        def script() -> Script[None]:
            yield from self._absent("app", name)
            yield self._sql(
                "insert_app",
                name=name,
                secret=self._seal(secret),
                verify_token=self._seal(verify_token),
                forward_to=forward_to,
                now=now,
            )

        return await self._change("app", "add", name, script)

    async def apps(self) -> list[Facts]:
        """Every app, without its secrets."""
        return await self._list("list_apps", facts.app)

    async def set_app(
        self,
        name: str,
        *,
        secret: str | None = None,
        verify_token: str | None = None,
        forward_to: str | None = None,
        drop_old_secret: bool = False,
    ) -> Facts:
        """Change an app. A new secret is valid beside the present one until the old one is dropped. Raises NotFound."""
        facts.check_secret("the app secret", secret)
        facts.check_secret("the verify token", verify_token)
        facts.check_url(forward_to)

        def script() -> Script[None]:
            row = yield from self._row("app", name)
            current, old = row[2], row[3]
            if secret is not None and self._sealer.unseal(current) != secret.encode():  # said twice, it changes nothing
                current, old = self._seal(secret), current
            yield self._sql(
                "set_app",
                id=row[0],
                secret=current,
                old_secret=None if drop_old_secret else old,
                verify_token=row[4] if verify_token is None else self._seal(verify_token),
                forward_to=row[5] if forward_to is None else (forward_to or None),
            )

        return await self._change("app", "set", name, script, secret=secret, verify_token=verify_token)

    async def remove_app(self, name: str) -> None:
        """Remove an app that has no numbers and no journal. Raises NotFound or Conflict."""

        def signed(after: int) -> Script[tuple[bool, int]]:
            """Whether the app has signed a journaled body after a place, and where the journal ends."""
            row = yield from self._row("app", name)
            last = yield self._sql("last_webhook")
            found = yield self._sql("app_signed", id=row[0], after=after)
            return bool(found[0][0]), int(last[0][0])

        # The long look through the journal holds nobody up; only what came since is looked at in the transaction. What
        # was under way then may have got an id below those that were there.
        before, seen = await self._db.read(lambda: signed(0))

        def script() -> Script[None]:
            row = yield from self._row("app", name)
            used = yield self._sql("count_app_uses", id=row[0])
            has_signed, _ = yield from signed(max(0, seen - UNDER_WAY))
            if used[0][0] or before or has_signed:
                journaled = "webhooks in the journal" if before or has_signed else "nothing in the journal"
                raise Conflict(
                    f"app {name} has {used[0][0]} number(s), removed ones included, and {journaled}; "
                    "it can be removed only while it has neither"
                )
            yield self._sql("delete_app", id=row[0])

        await self._change("app", "remove", name, script)

    # -- credentials ------------------------------------------------------------------------

    async def add_credential(self, name: str, *, token: str, now: float) -> Facts:
        """Add a Meta token under a name. Raises WrongUse or Conflict."""
        facts.check_name("credential", name)
        facts.check_secret("the token", token)

        def script() -> Script[None]:
            yield from self._absent("credential", name)
            yield self._sql("insert_credential", name=name, token=self._seal(token), now=now)

        return await self._change("credential", "add", name, script)

    async def credentials(self) -> list[Facts]:
        """Every credential, without its token."""
        return await self._list("list_credentials", facts.credential)

    async def set_credential(self, name: str, *, token: str, now: float) -> Facts:
        """Replace a credential's token. Raises WrongUse or NotFound."""
        facts.check_secret("the token", token)

        def script() -> Script[None]:
            row = yield from self._row("credential", name)
            yield self._sql("set_credential", id=row[0], token=self._seal(token), now=now)

        return await self._change("credential", "set", name, script, token=token)

    async def remove_credential(self, name: str) -> None:
        """Remove a credential that no number uses or used. Raises NotFound or Conflict."""

        def script() -> Script[None]:
            row = yield from self._row("credential", name)
            used = yield self._sql("count_credential_uses", id=row[0])
            if used[0][0]:
                raise Conflict(
                    f"credential {name} serves {used[0][0]} number(s), removed ones included; "
                    "give them another one first, or replace its token"
                )
            yield self._sql("delete_credential", id=row[0])

        await self._change("credential", "remove", name, script)

    # -- numbers ----------------------------------------------------------------------------

    async def add_number(
        self,
        phone_number_id: str,
        *,
        workspace: str,
        app: str,
        credential: str | None = None,
        token: str | None = None,
        no_storage: bool = False,
        now: float,
    ) -> Facts:
        """Register a business number. Its token is a shared credential, or its own under the number's name.

        Raises WrongUse, NotFound or Conflict. What came before for this number is in quarantine: read it afterwards.
        """
        facts.check_phone_number_id(phone_number_id)
        if (credential is None) == (token is None):
            raise WrongUse("a number needs either a credential or a token of its own, and not both")
        facts.check_secret("the token", token)

        def script() -> Script[None]:
            if (yield self._sql("get_number", phone_number_id=phone_number_id)):
                raise Conflict(f"number {phone_number_id} is registered already; change it with `penstock number set`")
            workspace_id = (yield from self._row("workspace", workspace))[0]
            app_id = (yield from self._row("app", app))[0]
            credential_id = yield from self._credential_of(phone_number_id, credential, token, now)
            values = {
                "phone_number_id": phone_number_id,
                "workspace_id": workspace_id,
                "app_id": app_id,
                "credential_id": credential_id,
                "no_storage": int(no_storage),
            }
            revived = yield self._sql("revive_number", **values)
            if not revived:
                yield self._sql("insert_number", **values, now=now)

        return await self._change("number", "add", phone_number_id, script)

    async def numbers(self) -> list[Facts]:
        """Every registered number."""
        return await self._list("list_numbers", facts.number)

    async def set_number(
        self,
        phone_number_id: str,
        *,
        app: str | None = None,
        credential: str | None = None,
        token: str | None = None,
        no_storage: bool | None = None,
        now: float,
    ) -> Facts:
        """Change a number's app, token or storage. Its workspace is for good: what it received stays there."""
        if credential is not None and token is not None:
            raise WrongUse("give either a credential or a token, not both")
        facts.check_secret("the token", token)

        def script() -> Script[None]:
            row = yield from self._number_row(phone_number_id)
            app_id = row[4] if app is None else (yield from self._row("app", app))[0]
            credential_id = row[6]
            if credential is not None or token is not None:
                credential_id = yield from self._credential_of(phone_number_id, credential, token, now)
            yield self._sql(
                "set_number",
                id=row[0],
                app_id=app_id,
                credential_id=credential_id,
                no_storage=row[8] if no_storage is None else int(no_storage),
            )

        return await self._change("number", "set", phone_number_id, script, token=token)

    async def remove_number(self, phone_number_id: str, *, now: float) -> None:
        """Stop serving a number. What it received stays; what comes from now on goes to quarantine. Raises NotFound."""

        def script() -> Script[None]:
            row = yield from self._number_row(phone_number_id)
            yield self._sql("remove_number", id=row[0], now=now)

        await self._change("number", "remove", phone_number_id, script)

    # -- for the running parts --------------------------------------------------------------

    async def version(self) -> int:
        """A number that rises with every change."""

        def script() -> Script[int]:
            rows = yield self._sql("get_version")
            return int(rows[0][0])

        return await self._db.read(script)

    async def snapshot(self) -> Snapshot:
        """Everything at one moment, secrets open. Raises WrongUse when the secret key does not open them."""

        def script() -> Script[tuple[int, list[Row], list[Row], list[Row]]]:
            version = yield self._sql("get_version")
            apps = yield self._sql("list_apps")
            numbers = yield self._sql("list_numbers")
            credentials = yield self._sql("list_credentials")
            return int(version[0][0]), apps, numbers, credentials

        version, apps, numbers, credentials = await self._db.read(script)
        return Snapshot(
            version,
            tuple(self._open_app(row) for row in apps),
            tuple(facts.route(row) for row in numbers),
            {row[0]: self._sealer.unseal(row[2]).decode() for row in credentials},
        )

    def _open_app(self, row: Row) -> App:
        secrets = tuple(self._sealer.unseal(sealed) for sealed in (row[2], row[3]) if sealed is not None)
        return App(row[0], row[1], secrets, self._sealer.unseal(row[4]).decode(), row[5])

    def _seal(self, clear: str) -> bytes:
        return self._sealer.seal(clear.encode())

    # -- parts of the scripts above ---------------------------------------------------------

    async def _change(
        self, kind: str, verb: str, name: str, script: Callable[[], Script[None]], **secrets: str | None
    ) -> Facts:
        """Make a change and its entry of the audit log; how the thing is now. Of secrets only their names are told."""
        now = await self._db.now()
        given = [secret for secret, value in secrets.items() if value is not None]
        who, why = self._author

        def whole() -> Script[Facts]:
            yield self._sql("lock_provisioning")
            before = yield from self._facts(kind, name)
            yield from script()
            after = yield from self._facts(kind, name)
            yield self._sql("raise_version")
            told = facts.recorded(before), facts.recorded(after, given)
            yield from entered(self._sql, Entry(who, f"{kind}.{verb}", {kind: name}, why, *told), now)
            return after

        return await self._db.write(whole)

    def _facts(self, kind: str, name: str) -> Script[Facts]:
        """A thing as it is shown; empty when there is none."""
        by_name = {"phone_number_id" if kind == "number" else "name": name}
        rows = yield self._sql(f"get_{kind}", **by_name)
        return facts.SHAPES[kind](rows[0]) if rows else {}

    async def _list(self, statement: str, shape: Callable[[Row], Facts]) -> list[Facts]:
        def script() -> Script[list[Facts]]:
            rows = yield self._sql(statement)
            return [shape(row) for row in rows]

        return await self._db.read(script)

    def _row(self, kind: str, name: str) -> Script[Row]:
        rows = yield self._sql(f"get_{kind}", name=name)
        if not rows:
            raise NotFound(f"there is no {kind} {name[:80]!r}; `penstock {kind} list` shows them")
        return rows[0]

    def _absent(self, kind: str, name: str) -> Script[None]:
        rows = yield self._sql(f"get_{kind}", name=name)
        if rows:
            raise Conflict(f"{kind} {name} exists already; change it with `penstock {kind} set`")

    def _number_row(self, phone_number_id: str) -> Script[Row]:
        rows = yield self._sql("get_number", phone_number_id=phone_number_id)
        if not rows:
            raise NotFound(f"number {phone_number_id[:40]!r} is not registered; `penstock number list` shows them")
        return rows[0]

    def _credential_of(
        self, phone_number_id: str, credential: str | None, token: str | None, now: float
    ) -> Script[int]:
        """The id of a shared credential, or of the number's own one, made or replaced."""
        if token is None:
            return int((yield from self._row("credential", credential or ""))[0])
        own = f"number-{phone_number_id}"
        rows = yield self._sql("get_credential", name=own)
        if rows:
            yield self._sql("set_credential", id=rows[0][0], token=self._seal(token), now=now)
        else:
            yield self._sql("insert_credential", name=own, token=self._seal(token), now=now)
        return int((yield from self._row("credential", own))[0])
