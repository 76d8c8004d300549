"""A flag system that a team already runs, through OpenFeature: one boolean flag, asked for each workspace.

True lets files of the workspace through, false holds them, and anything else (an error, a flag that is not there, a
provider that is not ready) is unknown. It blocks, as providers do, so it is called in a thread. It keeps nothing. Made
by ``wiring``; asked by ``controls.gates.flags``.
"""

import importlib
from collections.abc import Mapping, Sequence

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.provider import FeatureProvider

from penstock.core.errors import WrongUse

_DOMAIN = "penstock"  # so that a provider which the same process uses for something else is left alone


class OpenFeatureFlags:
    """One flag of one provider. ``spec`` is "package.module:callable", which makes the provider. Raises WrongUse."""

    def __init__(self, spec: str, key: str) -> None:
        self._key = key
        self._spec = spec
        self._make = _found(spec)
        self._ready = False

    @property
    def name(self) -> str:
        """The provider, for the audit log."""
        return self._spec.partition(":")[0]

    def read(self, workspaces: Sequence[str]) -> Mapping[str, bool | None]:
        """What the flag says for each workspace; None where it says nothing. Blocks; raises nothing of the provider."""
        try:
            if not self._ready:
                provider = self._make()
                api.set_provider_and_wait(provider, domain=_DOMAIN)
                self._ready = True
            client = api.get_client(_DOMAIN)
            return {name: self._one(client, name) for name in workspaces}
        except Exception:  # noqa: BLE001 -- whatever a provider raises, it says nothing
            return dict.fromkeys(workspaces)

    def _one(self, client: OpenFeatureClient, workspace: str) -> bool | None:
        context = EvaluationContext(targeting_key=workspace, attributes={"workspace": workspace})
        said = client.get_boolean_details(self._key, True, context)
        return None if said.error_code is not None else said.value

    def close(self) -> None:
        """Let the provider end what it began."""
        if self._ready:
            api.set_provider(_nothing(), domain=_DOMAIN)
            self._ready = False


def _nothing() -> FeatureProvider:
    from openfeature.provider.no_op_provider import NoOpProvider

    return NoOpProvider()


def _found(spec: str) -> "type[FeatureProvider]":
    """The callable that makes the provider."""
    module, _, name = spec.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise WrongUse(
            f"PENSTOCK_FLAG_PROVIDER names {spec!r}, which cannot be loaded ({type(error).__name__}): give "
            "package.module:callable, where the callable makes an OpenFeature provider"
        ) from error
    if not callable(found):
        raise WrongUse(f"PENSTOCK_FLAG_PROVIDER names {spec!r}, which is not callable")
    made: type[FeatureProvider] = found
    return made
