"""Workspaces, apps, credentials and numbers through the API: secrets go in and never come out."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

SECRETS = {"secret": "S3CRET-app", "verify_token": "S3CRET-verify", "token": "S3CRET-token"}


async def test_somebody_is_served_from_nothing_by_the_api_alone(site: Any) -> None:
    token = await site.token("admin")
    asked: dict[str, dict[str, Any]] = {
        "workspaces": {"name": "fresh"},
        "apps": {"name": "fresh", "secret": SECRETS["secret"], "verify_token": SECRETS["verify_token"]},
        "credentials": {"name": "fresh", "token": SECRETS["token"]},
        "numbers": {
            "phone_number_id": "500000000000005",
            "workspace": "fresh",
            "app": "fresh",
            "credential": "fresh",
            "no_storage": True,
        },
    }
    for path, body in asked.items():
        got = await site.post(f"/api/v1/{path}", token=token, json=body)
        assert got.status == 201, got.text
        assert not any(secret in got.text for secret in SECRETS.values())
        listed = await site.get(f"/api/v1/{path}", token=token)
        assert not any(secret in listed.text for secret in SECRETS.values())
        name = body.get("name", "500000000000005")
        by_name = await site.get(f"/api/v1/{path}/{name}", token=token)
        by_id = await site.get(f"/api/v1/{path}/{got.json['id']}", token=token)
        assert by_name.json == by_id.json == {key: value for key, value in got.json.items() if key != "reread"}

    assert site.registry.route("500000000000005").workspace == "fresh"
    assert (await site.get("/api/v1/numbers/500000000000005", token=token)).json["no_storage"] is True


async def test_what_came_before_a_number_was_added_is_read_then(site: Any) -> None:
    await site.receive(site.file("image", "m1"), site.message("text", {"body": "early"}), number="500000000000005")
    new = {"phone_number_id": "500000000000005", "workspace": "acme", "app": "main", "token": SECRETS["token"]}
    got = await site.post("/api/v1/numbers", token=await site.token("admin"), json=new)

    assert got.json["reread"] == {"bodies": 1, "messages": 2, "media": 1, "statuses": 0}
    assert got.json["credential"] == "number-500000000000005"


async def test_what_is_not_named_stays_when_something_is_changed(site: Any) -> None:
    token = await site.token("admin")
    app = await site.ask("PATCH", "/api/v1/apps/main", token=token, json={"secret": SECRETS["secret"]})
    assert (app.status, app.json["secrets"]) == (200, 2)
    app = await site.ask("PATCH", "/api/v1/apps/main", token=token, json={"forward_to": "https://example.com/hook"})
    assert (app.json["secrets"], app.json["forward_to"]) == (2, "https://example.com/hook")
    app = await site.ask("PATCH", "/api/v1/apps/main", token=token, json={"drop_old_secret": True, "forward_to": ""})
    assert (app.json["secrets"], app.json["forward_to"]) == (1, None)

    number = await site.ask("PATCH", f"/api/v1/numbers/{site.number}", token=token, json={"no_storage": True})
    assert (number.json["no_storage"], number.json["credential"]) == (True, "token-a")
    workspace = await site.ask("PATCH", "/api/v1/workspaces/acme", token=token, json={"test": True})
    assert workspace.json["test"] is True
    credential = await site.ask("PATCH", "/api/v1/credentials/token-a", token=token, json={"token": SECRETS["token"]})
    assert credential.status == 200
    await site.registry.refresh()
    assert SECRETS["token"] in site.registry._tokens.values()


async def test_a_workspace_says_how_long_it_keeps_things(site: Any) -> None:
    token = await site.token("admin")
    new = await site.post("/api/v1/workspaces", token=token, json={"name": "new", "keep_bodies": 30})
    assert (new.status, new.json["keep_bodies"], new.json["keep_files"]) == (201, 30, "forever")
    wishes = {"keep_messages": 90, "keep_files": 7, "keep_bodies": "forever", "why": "our policy"}
    kept = await site.ask("PATCH", "/api/v1/workspaces/new", token=token, json=wishes)
    assert [kept.json[f"keep_{what}"] for what in ("bodies", "messages", "files", "attempts")] == [
        "forever",
        90,
        7,
        "forever",
    ]
    for wrong in ({"keep_bodies": 0}, {"keep_bodies": "never"}, {"keep_messages": 5}):
        refused = await site.ask("PATCH", "/api/v1/workspaces/new", token=token, json=wrong)
        assert refused.status == 400
    (told,) = [each for each in await site.ledger.audit_log.read(limit=1000) if each.entry.why == "our policy"]
    assert told.entry.after is not None
    assert told.entry.after["keep_files"] == 7


async def test_what_is_in_use_is_not_removed_and_what_is_not_is(site: Any) -> None:
    token = await site.token("admin")
    for path in ("workspaces/acme", "apps/main", "credentials/token-a"):
        assert (await site.ask("DELETE", f"/api/v1/{path}", token=token)).status == 409
    await site.post("/api/v1/workspaces", token=token, json={"name": "empty"})

    assert (await site.ask("DELETE", "/api/v1/workspaces/empty", token=token)).status == 204
    assert (await site.ask("DELETE", "/api/v1/workspaces/empty", token=token)).status == 404
    assert (await site.ask("DELETE", f"/api/v1/numbers/{site.number}", token=token)).status == 204
    assert site.registry.route(site.number) is None


@pytest.mark.parametrize("role", ["viewer", "agent", "operator"])
async def test_only_an_admin_sees_or_changes_it(site: Any, role: str) -> None:
    token = await site.token(role)
    for path in ("workspaces", "apps", "credentials", "numbers"):
        assert (await site.get(f"/api/v1/{path}", token=token)).status == 403
        assert (await site.post(f"/api/v1/{path}", token=token, json={})).status == 403


async def test_an_admin_of_one_workspace_sees_its_numbers_and_changes_nothing(site: Any, other: str) -> None:
    token = await site.token("admin", workspace="acme")

    assert [row["name"] for row in (await site.get("/api/v1/workspaces", token=token)).json["workspaces"]] == ["acme"]
    numbers = (await site.get("/api/v1/numbers", token=token)).json["numbers"]
    assert [row["phone_number_id"] for row in numbers] == [site.number]
    assert (await site.get("/api/v1/workspaces/other", token=token)).status == 404
    assert (await site.get(f"/api/v1/numbers/{other}", token=token)).status == 404
    for path in ("apps", "credentials"):
        assert (await site.get(f"/api/v1/{path}", token=token)).status == 403
    new = {"phone_number_id": "500000000000005", "workspace": "acme", "app": "main", "credential": "token-a"}
    assert (await site.post("/api/v1/numbers", token=token, json=new)).status == 403
    assert (await site.ask("DELETE", f"/api/v1/numbers/{site.number}", token=token)).status == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("workspaces", b""),
        ("workspaces", b"{"),
        ("workspaces", b"\xff"),
        ("workspaces", b"[" * 60_000),
        ("workspaces", b"[]"),
        ("workspaces", b"{}"),
        ("workspaces", b'{"name": 7}'),
        ("workspaces", b'{"name": "Upper Case"}'),
        ("workspaces", b'{"name": "a", "colour": "red"}'),
        ("workspaces", b'{"name": "' + b"a" * 64 + b'"}'),
        ("apps", b'{"name": "x", "secret": "a b", "verify_token": "c"}'),
        ("apps", b'{"name": "x", "secret": "", "verify_token": "c"}'),
        ("apps", b'{"name": "x", "secret": "a", "verify_token": "c", "forward_to": "file:///etc/passwd"}'),
        ("credentials", b'{"name": "x", "token": "line\\nbreak"}'),
        ("numbers", b'{"phone_number_id": "+1 555", "workspace": "acme", "app": "main", "token": "t"}'),
        ("numbers", b'{"phone_number_id": "5", "workspace": "acme", "app": "main"}'),
    ],
)
async def test_what_cannot_be_is_refused_in_one_line(site: Any, path: str, body: bytes) -> None:
    got = await site.post(f"/api/v1/{path}", token=await site.token("admin"), data=body)

    assert got.status == 400, got.text
    assert got.json["error"]["what"].count("\n") == 0


async def test_a_body_may_not_be_endless(site: Any) -> None:
    body = json.dumps({"name": "a" * 70_000})

    assert (await site.post("/api/v1/workspaces", token=await site.token("admin"), data=body)).status == 413


async def test_what_is_there_already_or_is_not_there_says_so(site: Any) -> None:
    token = await site.token("admin")
    new = {"phone_number_id": "5", "workspace": "nowhere", "app": "main", "credential": "token-a"}

    assert (await site.post("/api/v1/workspaces", token=token, json={"name": "acme"})).status == 409
    assert (await site.post("/api/v1/numbers", token=token, json=new)).status == 404
    assert (await site.ask("PATCH", "/api/v1/apps/nobody", token=token, json={})).status == 404
    assert (await site.ask("PATCH", "/api/v1/apps/app_0000000000000", token=token, json={})).status == 404


async def test_no_secret_is_logged_or_repeated_whatever_happens(site: Any) -> None:
    token = await site.token("admin")
    bad = {"name": "x", "secret": "S3CRET with space", "verify_token": "S3CRET-v"}
    with capture_logs() as logged:
        answers = [
            await site.post("/api/v1/apps", token=token, json=bad),
            await site.post("/api/v1/credentials", token=token, json={"name": "S3CRET?", "token": 5}),
            await site.post("/api/v1/credentials", token=token, json={"name": "y", "token": ["S3CRET"]}),
        ]

    assert {got.status for got in answers} == {400}
    assert "S3CRET" not in str(logged)
    assert "S3CRET" not in answers[0].text + answers[2].text


async def test_who_changed_what_and_why_is_kept_and_no_secret(site: Any) -> None:
    token = await site.token("admin", name="ops")
    await site.post("/api/v1/workspaces", token=token, json={"name": "trial", "why": "a trial"})
    await site.ask("PATCH", "/api/v1/apps/main", token=token, json={"secret": SECRETS["secret"], "why": "rotation"})
    await site.ask("PATCH", "/api/v1/credentials/token-a", token=token, json={"token": SECRETS["token"]})
    await site.ask("DELETE", "/api/v1/workspaces/trial?why=over", token=token)
    got = await site.get("/api/v1/changes?limit=4", token=token)

    assert [(each["who"], each["action"], each["why"]) for each in got.json["changes"]] == [
        ("token:ops", "workspace.add", "a trial"),
        ("token:ops", "app.set", "rotation"),
        ("token:ops", "credential.set", ""),
        ("token:ops", "workspace.remove", "over"),
    ]
    assert got.json["changes"][1]["after"]["given"] == ["secret"]
    assert not any(secret in got.text for secret in SECRETS.values())
