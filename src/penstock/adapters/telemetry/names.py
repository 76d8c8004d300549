"""The attributes of spans and metrics, by their names in the semantic conventions, and what is said in them.

Names of our own begin with ``penstock.``. What may be said of a request is decided here: the method of the *prepared*
request, the host and the address, the class of its ending; never a URL, a token, a phone number or a message's id. No
package of OpenTelemetry is needed for this. Used by ``spans`` and ``meters``.
"""

from collections.abc import Mapping
from types import MappingProxyType

from penstock.core.operation import LOOK_UP
from penstock.core.work import Attempt, Outcome

HTTP_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
OTHER_METHOD = "_OTHER"
TEMPLATES: Mapping[str, str] = MappingProxyType(
    {LOOK_UP.name: "/{version}/{media-id}"}
)  # a download's path is Meta's own

METHOD, METHOD_ORIGINAL = "http.request.method", "http.request.method_original"
RESEND_COUNT, STATUS_CODE = "http.request.resend_count", "http.response.status_code"
SERVER_ADDRESS, PEER_ADDRESS = "server.address", "network.peer.address"
ERROR_TYPE, URL_TEMPLATE, ROUTE = "error.type", "url.template", "http.route"
SYSTEM, DESTINATION = "messaging.system", "messaging.destination.name"
OPERATION_NAME, OPERATION_TYPE = "messaging.operation.name", "messaging.operation.type"
MESSAGE_ID, BATCH_COUNT = "messaging.message.id", "messaging.batch.message_count"
FLAG, VARIANT, PROVIDER = "feature_flag.key", "feature_flag.result.variant", "feature_flag.provider.name"
RECIPE = "penstock.recipe"

Attributes = dict[str, str | int]

WEBHOOK_ROUTE = "/webhooks/whatsapp/{app}"
ARRIVAL: Attributes = {METHOD: "POST", ROUTE: WEBHOOK_ROUTE}
FROM_META: Attributes = {SYSTEM: "whatsapp", OPERATION_NAME: "receive", DESTINATION: "webhooks"}
FETCHING: Attributes = {SYSTEM: "penstock", OPERATION_NAME: "fetch", DESTINATION: "media"}


def of_request(attempt: Attempt) -> Attributes:
    """What a metric may say of a request: few values, whatever happens upstream."""
    said: Attributes = {"penstock.operation": attempt.operation, "penstock.class": attempt.outcome.value}
    if attempt.wire_method is not None:
        said[METHOD] = attempt.wire_method if attempt.wire_method in HTTP_METHODS else OTHER_METHOD
    if attempt.host is not None:
        said[SERVER_ADDRESS] = attempt.host
    if attempt.status is not None:
        said[STATUS_CODE] = attempt.status
    if (template := TEMPLATES.get(attempt.operation)) is not None:
        said[URL_TEMPLATE] = template
    if (error := error_type(attempt)) is not None:
        said[ERROR_TYPE] = error
    return said


def of_request_in_full(attempt: Attempt, *, resent: int) -> Attributes:
    """What a span may say of a request besides."""
    said = of_request(attempt)
    if said.get(METHOD) == OTHER_METHOD and attempt.wire_method is not None:
        said[METHOD_ORIGINAL] = attempt.wire_method[:20]
    if resent:
        said[RESEND_COUNT] = resent
    if attempt.peer_address is not None:
        said[PEER_ADDRESS] = attempt.peer_address
    if attempt.graph_code is not None:
        said["penstock.graph_code"] = attempt.graph_code
    if attempt.server is not None:
        said["penstock.upstream_server"] = attempt.server
    said["penstock.declared_method"] = attempt.declared_method
    said |= {FLAG: RECIPE, VARIANT: attempt.recipe, PROVIDER: "penstock"}
    return said


def error_type(attempt: Attempt) -> str | None:
    """The status when upstream answered with an error, the class when it went wrong otherwise; None = it went well."""
    if attempt.outcome is Outcome.DELIVERED:
        return None
    if attempt.status is not None and attempt.status >= 400:
        return str(attempt.status)
    return attempt.outcome.value
