"""A real OpenFeature provider, asked for each workspace."""

import pytest
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from penstock.adapters.flags.openfeature import OpenFeatureFlags
from penstock.core.errors import WrongUse

KEY = "penstock-media-fetch"


def targeted() -> InMemoryProvider:
    """A provider that holds the files of one workspace."""

    def decide(flag: InMemoryFlag[bool], context: object) -> object:
        from openfeature.flag_evaluation import FlagResolutionDetails, Reason

        key = getattr(context, "targeting_key", None)
        return FlagResolutionDetails(key != "held", reason=Reason.TARGETING_MATCH)

    return InMemoryProvider({KEY: InMemoryFlag("on", {"on": True, "off": False}, context_evaluator=decide)})  # type: ignore[arg-type]


def broken() -> InMemoryProvider:
    raise OSError("no network")


def empty() -> InMemoryProvider:
    return InMemoryProvider({})


def test_each_workspace_is_asked_for_by_its_name() -> None:
    flags = _flags(targeted)
    assert flags.read(["held", "free"]) == {"held": False, "free": True}
    flags.close()


def test_a_flag_that_is_not_there_says_nothing() -> None:
    flags = _flags(empty)
    assert flags.read(["a"]) == {"a": None}
    flags.close()


def test_a_provider_that_cannot_be_made_says_nothing_and_is_tried_again() -> None:
    flags = _flags(broken)
    assert flags.read(["a"]) == {"a": None}
    flags._make = targeted  # type: ignore[assignment]
    assert flags.read(["a"]) == {"a": True}
    flags.close()


@pytest.mark.parametrize("spec", ["nowhere:make", "json", "json:nothing", "json:__doc__", ":x", ""])
def test_what_cannot_be_loaded_is_said_in_one_line(spec: str) -> None:
    with pytest.raises(WrongUse, match="PENSTOCK_FLAG_PROVIDER") as caught:
        OpenFeatureFlags(spec, KEY)
    assert "\n" not in str(caught.value)


def _flags(make: object) -> OpenFeatureFlags:
    flags = OpenFeatureFlags("openfeature.provider.no_op_provider:NoOpProvider", KEY)
    flags._make = make  # type: ignore[assignment]
    return flags
