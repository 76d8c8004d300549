"""The table of the API: every endpoint once. The routes and the OpenAPI document are made from it.

Nothing else may serve under ``/api/v1``. Called by ``app``.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from penstock.web.api import gates as steered
from penstock.web.api import incidents as noticed
from penstock.web.api import provisioning as kept
from penstock.web.api import reading as read
from penstock.web.api import recipes as ways
from penstock.web.api import reprocess as again
from penstock.web.api import shapes
from penstock.web.api import traces as traced
from penstock.web.api.endpoint import Endpoint
from penstock.web.api.gates import Gates
from penstock.web.api.incidents import Incidents
from penstock.web.api.provisioning import Provisioning
from penstock.web.api.reading import Reading
from penstock.web.api.recipes import Recipes
from penstock.web.api.reprocess import Reprocessing
from penstock.web.api.rollouts import Rollouts
from penstock.web.api.traces import Traces

PREFIX = "/api/v1"

Work = Callable[..., Awaitable[object]]


def table(
    reading: Reading,
    provisioning: Provisioning,
    gates: Gates,
    reprocessing: Reprocessing,
    incidents: Incidents,
    recipes: Recipes,
    rollouts: Rollouts,
    traces: Traces,
) -> tuple[Endpoint, ...]:
    """Every endpoint."""
    return (
        *_reading(reading),
        *_gates(gates),
        *_reprocessing(reprocessing),
        *_incidents(incidents),
        *_recipes(recipes),
        *rollouts.endpoints(),
        *traced.endpoints(traces),
        *_workspaces_and_apps(provisioning),
        *_credentials_and_numbers(provisioning),
    )


def _reading(to: Reading) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            method="GET",
            path="/messages/{id:path}",
            summary="One message with its files, by Penstock's id or by Meta's (percent-encoded)",
            work=to.message,
            answer=shapes.Message,
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/media",
            summary="Files by filter, newest first",
            work=to.media_list,
            answer=shapes.MediaPage,
            query=read.MediaQuery,
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/media/{id}",
            summary="One file's row",
            work=to.media,
            answer=shapes.Media,
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/media/{id}/content",
            summary="One file's bytes; takes a single range",
            work=to.content,
            answer=None,
            query=read.ContentQuery,
            errors=(404, 409, 410, 416),
            elsewhere="The bytes are at `Location`, for five minutes, without a token.",
        ),
        Endpoint(
            method="GET",
            path="/media/{id}/attempts",
            summary="Every request made for one file",
            work=to.attempts,
            answer=shapes.AttemptList,
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/conversations",
            summary="Conversations, the one with the newest message first",
            work=to.conversations,
            answer=shapes.ConversationPage,
            query=read.ConversationQuery,
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/conversations/{id}",
            summary="One conversation",
            work=to.conversation,
            answer=shapes.Conversation,
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/conversations/{id}/messages",
            summary="One conversation's messages, oldest first within the page; `next` leads to older ones",
            work=to.messages,
            answer=shapes.MessagePage,
            query=read.PageQuery,
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/events",
            summary="The feed after a cursor; waits for the first event when asked to",
            work=to.feed,
            answer=shapes.EventPage,
            query=read.EventQuery,
        ),
        Endpoint(method="GET", path="/status", summary="How it stands", work=to.status, answer=read.Status),
    )


def _gates(to: Gates) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            method="GET",
            path="/gates",
            summary="The gates that are set; a token with a workspace sees those of it and of its numbers",
            work=to.gates,
            answer=steered.GateList,
        ),
        Endpoint(
            method="POST",
            path="/gates",
            summary="Shut a gate, or narrow it; the answer says what that costs",
            work=to.set_gate,
            body=steered.GateNew,
            answer=steered.GateSet,
            status=201,
            role="operator",
            errors=(404, 408, 413),
        ),
        Endpoint(
            method="DELETE",
            path="/gates",
            summary="Open the operator's gate of a scope",
            work=to.open_gate,
            query=steered.GateQuery,
            answer=None,
            status=204,
            role="operator",
            errors=(404,),
        ),
        Endpoint(
            method="GET",
            path="/changes",
            summary="The audit log: who changed what and why, the newest last",
            work=to.changes,
            query=steered.ChangeQuery,
            answer=steered.ChangePage,
            role="admin",
            everywhere=True,
        ),
    )


def _incidents(to: Incidents) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            method="GET",
            path="/incidents",
            summary="What was noticed by itself, the newest first",
            work=to.incidents,
            query=noticed.IncidentQuery,
            answer=noticed.IncidentPage,
            everywhere=True,
        ),
        Endpoint(
            method="GET",
            path="/incidents/{id}",
            summary="One incident and its timeline",
            work=to.incident,
            answer=noticed.IncidentWhole,
            everywhere=True,
            errors=(404,),
        ),
        Endpoint(
            method="POST",
            path="/incidents/{id}/acknowledge",
            summary="Say that somebody looks after an incident",
            work=to.acknowledge,
            body=noticed.Acknowledgement,
            answer=noticed.Incident,
            role="operator",
            everywhere=True,
            errors=(404, 408, 409, 413),
        ),
    )


def _recipes(to: Recipes) -> tuple[Endpoint, ...]:
    return (
        Endpoint(
            method="GET",
            path="/recipes",
            summary="The ways to fetch that there are, and which one is in use",
            work=to.recipes,
            answer=ways.RecipeList,
            everywhere=True,
        ),
        Endpoint(
            method="POST",
            path="/recipes",
            summary="Make the next version of a recipe; nothing is fetched by it before a rollout",
            work=to.add,
            body=ways.RecipeNew,
            answer=ways.Recipe,
            status=201,
            role="operator",
            everywhere=True,
            errors=(408, 409, 413),
        ),
    )


def _workspaces_and_apps(to: Provisioning) -> tuple[Endpoint, ...]:
    return (
        _list("workspaces", to.workspaces, kept.WorkspaceList, everywhere=False),
        _one("workspaces", to.workspace, kept.Workspace, everywhere=False),
        _add("workspaces", to.add_workspace, kept.WorkspaceNew, kept.Workspace),
        _set("workspaces", to.set_workspace, kept.WorkspaceChange, kept.Workspace),
        _remove("workspaces", to.remove_workspace),
        _list("apps", to.apps, kept.AppList),
        _one("apps", to.app, kept.App),
        _add("apps", to.add_app, kept.AppNew, kept.App),
        _set("apps", to.set_app, kept.AppChange, kept.App),
        _remove("apps", to.remove_app),
    )


def _credentials_and_numbers(to: Provisioning) -> tuple[Endpoint, ...]:
    return (
        _list("credentials", to.credentials, kept.CredentialList),
        _one("credentials", to.credential, kept.Credential),
        _add("credentials", to.add_credential, kept.CredentialNew, kept.Credential),
        _set("credentials", to.set_credential, kept.CredentialChange, kept.Credential),
        _remove("credentials", to.remove_credential),
        _list("numbers", to.numbers, kept.NumberList, everywhere=False),
        _one("numbers", to.number, kept.Number, everywhere=False),
        _add("numbers", to.add_number, kept.NumberNew, kept.Number),
        _set("numbers", to.set_number, kept.NumberChange, kept.Number),
        _remove("numbers", to.remove_number),
    )


def _reprocessing(to: Reprocessing) -> tuple[Endpoint, ...]:
    steps = {
        "pause": "Put nothing more of a run to work",
        "resume": "Go on with a paused run",
        "cancel": "Give up what a run has not put to work yet",
    }
    return (
        Endpoint(
            method="GET",
            path="/reprocess",
            summary="Runs that put ended files back to work, the newest first",
            work=to.runs,
            answer=again.RunList,
        ),
        Endpoint(
            method="POST",
            path="/reprocess",
            summary="Begin a run, or with `dry_run` count what it would be about (200, and nothing is changed)",
            work=to.start,
            body=again.RunNew,
            answer=again.Run,
            status=201,
            role="operator",
            errors=(404, 408, 413),
        ),
        Endpoint(
            method="GET",
            path="/reprocess/{id}",
            summary="One run",
            work=to.run,
            answer=again.Run,
            errors=(404,),
        ),
        *(
            Endpoint(
                method="POST",
                path=f"/reprocess/{{id}}/{step}",
                summary=summary,
                work=to.steer(step),
                body=again.Steering,
                answer=again.Run,
                role="operator",
                errors=(404, 408, 409, 413),
            )
            for step, summary in steps.items()
        ),
    )


def _list(things: str, work: Work, answer: type, *, everywhere: bool = True) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/{things}",
        summary=f"The {things}",
        work=work,
        answer=answer,
        role="admin",
        everywhere=everywhere,
    )


def _one(things: str, work: Work, answer: type, *, everywhere: bool = True) -> Endpoint:
    return Endpoint(
        method="GET",
        path=f"/{things}/{{name}}",
        summary=f"One of the {things}",
        work=work,
        answer=answer,
        role="admin",
        everywhere=everywhere,
        errors=(404,),
    )


def _add(things: str, work: Work, body: type[Struct], answer: type) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"/{things}",
        summary=f"Add to the {things}",
        work=work,
        body=body,
        answer=answer,
        status=201,
        role="admin",
        everywhere=True,
        errors=(404, 408, 409, 413),
    )


def _set(things: str, work: Work, body: type[Struct], answer: type) -> Endpoint:
    return Endpoint(
        method="PATCH",
        path=f"/{things}/{{name}}",
        summary=f"Change one of the {things}; what is not named stays",
        work=work,
        body=body,
        answer=answer,
        role="admin",
        everywhere=True,
        errors=(404, 408, 409, 413),
    )


def _remove(things: str, work: Work) -> Endpoint:
    return Endpoint(
        method="DELETE",
        path=f"/{things}/{{name}}",
        summary=f"Remove one of the {things}; refused while it is in use",
        work=work,
        query=kept.RemoveQuery,
        answer=None,
        status=204,
        role="admin",
        everywhere=True,
        errors=(404, 409),
    )
