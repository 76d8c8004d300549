"""``penstock workspace|app|credential|number``: who is served. Secrets go in by file and never come out.

Every change takes effect in a running instance within a second. What came for a number before it was added is read at
once. Thin words around ``ledger.provisioning`` and ``cli.changing``.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from penstock.cli import arguments, changing
from penstock.cli.commands import Family
from penstock.core.errors import WrongUse

if TYPE_CHECKING:
    from penstock.ledger.book import Ledger
    from penstock.ledger.provisioning import Provisioning

Facts = dict[str, Any]

_json, _why = arguments.as_json, arguments.why
_secret_file = click.option("--secret-file", metavar="PATH|-", help="File that holds the app secret; - for stdin.")
_token_file = click.option("--token-file", metavar="PATH|-", help="File that holds the Meta token; - for stdin.")
_verify_token = click.option("--verify-token", metavar="TOKEN", help="What Meta repeats when it verifies the webhook.")
_KEPT = {
    "bodies": "How long webhooks are kept as they came; for good unless you say otherwise.",
    "messages": "How long messages are kept, with their statuses and events.",
    "files": "How long files are kept: no longer than their messages.",
    "attempts": "How long it is kept which requests were made for a file.",
}
_forward_to = click.option(
    "--forward-to",
    metavar="URL",
    help='Where webhooks are to be passed on to; "" for nowhere. It is kept: this release passes none on.',
)


def _keeping(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say for how long a workspace keeps things."""
    for what, meaning in reversed(_KEPT.items()):
        command = click.option(f"--keep-{what}", type=arguments.Days(), metavar="DAYS|forever", help=meaning)(command)
    return command


def _wishes(options: dict[str, int | str | None]) -> dict[str, int | None]:
    """What was said about keeping: what → days, None for good; nothing where nothing was said."""
    told = {what: options[f"keep_{what}"] for what in _KEPT}
    return {what: days if isinstance(days, int) else None for what, days in told.items() if days is not None}


@click.group(cls=Family)
def workspace() -> None:
    """Workspaces: whose files they are."""


@workspace.command("add")
@click.argument("name")
@click.option("--test", is_flag=True, help="A workspace for trying things out.")
@_keeping
@_why
@_json
def add_workspace(name: str, test: bool, why: str, json_: bool, **keep: int | str | None) -> None:
    """Add the workspace NAME (1 to 63 of a-z, 0-9 and dash)."""
    wishes = _wishes(keep)
    changing.changed(
        "workspace", json_, why, lambda store, now: store.add_workspace(name, test=test, keep=wishes, now=now), "added"
    )


@workspace.command("set")
@click.argument("name")
@click.option("--test/--no-test", default=None, help="A workspace for trying things out, or not.")
@_keeping
@_why
@_json
def set_workspace(name: str, test: bool | None, why: str, json_: bool, **keep: int | str | None) -> None:
    """Change the workspace NAME. What it does not keep any longer goes within a quarter of an hour, for good."""
    _something(test, *keep.values())
    wishes = _wishes(keep)
    changing.changed(
        "workspace", json_, why, lambda store, _: store.set_workspace(name, test=test, keep=wishes), "changed"
    )


@workspace.command("list")
@_json
def list_workspaces(json_: bool) -> None:
    """List the workspaces."""
    columns = {"NAME": "name", "TEST": "test"} | {f"KEEPS {what.upper()}": f"keep_{what}" for what in _KEPT}
    changing.listed("workspace", json_, lambda ledger: ledger.provisioning.workspaces(), columns)


@workspace.command("remove")
@click.argument("name")
@_why
def remove_workspace(name: str, why: str) -> None:
    """Remove the workspace NAME, as long as it has no numbers, files and tokens."""
    changing.removed("workspace", name, why, lambda store, _: store.remove_workspace(name))


@click.group(cls=Family)
def app() -> None:
    """Meta apps: whose secret signs the webhooks."""


@app.command("add")
@click.argument("name")
@_secret_file
@_verify_token
@_forward_to
@_why
@_json
def add_app(
    name: str, secret_file: str | None, verify_token: str | None, forward_to: str | None, why: str, json_: bool
) -> None:
    """Add the Meta app NAME, with its secret and the verify token that you chose for it."""
    source, chosen = _needed("--secret-file", secret_file), _needed("--verify-token", verify_token)
    secret = arguments.secret(source, "the app secret")
    changing.changed(
        "app",
        json_,
        why,
        lambda store, now: store.add_app(name, secret=secret, verify_token=chosen, forward_to=forward_to, now=now),
        "added",
    )


@app.command("set")
@click.argument("name")
@_secret_file
@_verify_token
@_forward_to
@click.option("--drop-old-secret", is_flag=True, help="End a rotation: only the newest secret stays valid.")
@_why
@_json
def set_app(
    name: str,
    secret_file: str | None,
    verify_token: str | None,
    forward_to: str | None,
    drop_old_secret: bool,
    why: str,
    json_: bool,
) -> None:
    """Change the app NAME. A new secret is valid beside the present one until the old one is dropped."""
    _something(secret_file, verify_token, forward_to, drop_old_secret or None)
    secret = arguments.secret(secret_file, "the app secret") if secret_file else None
    changing.changed(
        "app",
        json_,
        why,
        lambda store, _: store.set_app(
            name, secret=secret, verify_token=verify_token, forward_to=forward_to, drop_old_secret=drop_old_secret
        ),
        "changed",
    )


@app.command("list")
@_json
def list_apps(json_: bool) -> None:
    """List the apps, without their secrets."""
    columns = {"NAME": "name", "SECRETS": "secrets", "FORWARD TO": "forward_to"}
    changing.listed("app", json_, lambda ledger: ledger.provisioning.apps(), columns)


@app.command("remove")
@click.argument("name")
@_why
def remove_app(name: str, why: str) -> None:
    """Remove the app NAME, as long as it has no numbers and nothing in the journal."""
    changing.removed("app", name, why, lambda store, _: store.remove_app(name))


@click.group(cls=Family)
def credential() -> None:
    """Meta tokens that several numbers may share."""


@credential.command("add")
@click.argument("name")
@_token_file
@_why
@_json
def add_credential(name: str, token_file: str | None, why: str, json_: bool) -> None:
    """Add a Meta token under NAME."""
    token = arguments.secret(_needed("--token-file", token_file), "the Meta token")
    changing.changed(
        "credential",
        json_,
        why,
        lambda store, now: store.add_credential(name, token=token, now=now),
        "added",
    )


@credential.command("set")
@click.argument("name")
@_token_file
@_why
@_json
def set_credential(name: str, token_file: str | None, why: str, json_: bool) -> None:
    """Replace the token of the credential NAME."""
    token = arguments.secret(_needed("--token-file", token_file), "the Meta token")
    changing.changed(
        "credential",
        json_,
        why,
        lambda store, now: store.set_credential(name, token=token, now=now),
        "changed",
    )


@credential.command("list")
@_json
def list_credentials(json_: bool) -> None:
    """List the credentials, without their tokens."""
    columns = {"NAME": "name", "NUMBERS": "numbers", "CHANGED": "changed_at"}
    changing.listed("credential", json_, lambda ledger: ledger.provisioning.credentials(), columns)


@credential.command("remove")
@click.argument("name")
@_why
def remove_credential(name: str, why: str) -> None:
    """Remove the credential NAME, as long as no number uses it or ever did."""
    changing.removed("credential", name, why, lambda store, _: store.remove_credential(name))


@click.group(cls=Family)
def number() -> None:
    """Business numbers: where their updates belong."""


@number.command("add")
@click.argument("phone_number_id")
@click.option("--workspace", "workspace_", required=True, metavar="NAME", help="Whose number it is.")
@click.option("--app", "app_", required=True, metavar="NAME", help="The app whose webhooks bring its updates.")
@click.option("--credential", "credential_", metavar="NAME", help="The shared Meta token to fetch with.")
@_token_file
@click.option("--no-storage", is_flag=True, help="Meta keeps its media for an hour only (No-Storage).")
@_why
@_json
def add_number(
    phone_number_id: str,
    workspace_: str,
    app_: str,
    credential_: str | None,
    token_file: str | None,
    no_storage: bool,
    why: str,
    json_: bool,
) -> None:
    """Add a business number by the id that Meta gave it, and read what came for it before."""
    _one_of(credential_, token_file)
    token = arguments.secret(token_file, "the Meta token") if token_file else None

    async def change(store: "Provisioning", now: float) -> Facts:
        return await store.add_number(
            phone_number_id,
            workspace=workspace_,
            app=app_,
            credential=credential_,
            token=token,
            no_storage=no_storage,
            now=now,
        )

    changing.changed("number", json_, why, change, "added", _reading(phone_number_id))


@number.command("set")
@click.argument("phone_number_id")
@click.option("--app", "app_", metavar="NAME", help="The app whose webhooks bring its updates.")
@click.option("--credential", "credential_", metavar="NAME", help="The shared Meta token to fetch with.")
@_token_file
@click.option("--no-storage/--storage", default=None, help="Meta keeps its media for an hour only, or for seven days.")
@_why
@_json
def set_number(
    phone_number_id: str,
    app_: str | None,
    credential_: str | None,
    token_file: str | None,
    no_storage: bool | None,
    why: str,
    json_: bool,
) -> None:
    """Change a business number. Its workspace stays: what it received is there."""
    _something(app_, credential_, token_file, no_storage)
    if credential_ and token_file:
        raise click.UsageError("Give --credential or --token-file, not both.")
    token = arguments.secret(token_file, "the Meta token") if token_file else None

    async def change(store: "Provisioning", now: float) -> Facts:
        return await store.set_number(
            phone_number_id, app=app_, credential=credential_, token=token, no_storage=no_storage, now=now
        )

    changing.changed("number", json_, why, change, "changed", _reading(phone_number_id))


@number.command("list")
@_json
def list_numbers(json_: bool) -> None:
    """List the registered numbers."""
    columns = {
        "NUMBER ID": "phone_number_id",
        "WORKSPACE": "workspace",
        "APP": "app",
        "CREDENTIAL": "credential",
        "NO STORAGE": "no_storage",
    }
    changing.listed("number", json_, lambda ledger: ledger.provisioning.numbers(), columns)


@number.command("remove")
@click.argument("phone_number_id")
@_why
def remove_number(phone_number_id: str, why: str) -> None:
    """Stop serving a number. What it received stays; what comes from now on goes to quarantine."""
    changing.removed("number", phone_number_id, why, lambda store, now: store.remove_number(phone_number_id, now=now))


def _reading(phone_number_id: str) -> "Callable[[Ledger], Awaitable[Facts]]":
    """Reads what quarantine holds for a number."""

    async def read(ledger: "Ledger") -> Facts:
        from msgspec import structs

        from penstock.flow.registry import Registry
        from penstock.flow.rereading import read_strays

        return {"read": structs.asdict(await read_strays(ledger, Registry(ledger), phone_number_id))}

    return read


def _needed(option: str, value: str | None) -> str:
    if not value:
        raise click.MissingParameter(param_hint=f"'{option}'", param_type="option")
    return value


def _something(*values: object) -> None:
    if all(value is None for value in values):
        raise click.UsageError("Nothing to change: say what, with an option.")


def _one_of(shared: str | None, own: str | None) -> None:
    if bool(shared) == bool(own):
        raise WrongUse("a number needs either --credential NAME or --token-file PATH|-, and not both")
