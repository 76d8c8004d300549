"""The nouns of a reading: by which keys the conversation of a party is found."""

import msgspec
import pytest

from penstock.core.updates import Direction, IdentityChange, MediaRef, Message, Party, Reading, Status


@pytest.mark.parametrize(
    ("party", "aliases"),
    [
        (Party(), ()),
        (Party(phone="15550001234"), ("p:15550001234",)),
        (Party(user_id="US.1"), ("u:US.1",)),
        (Party(phone="15550001234", user_id="US.1"), ("u:US.1", "p:15550001234")),
        (Party(parent_user_id="US.ENT.9"), ("n:US.ENT.9",)),
        (Party(user_id="US.1", parent_user_id="US.ENT.9"), ("u:US.1",)),
        (Party(phone="15550001234", group_id="G"), ("g:G",)),
        (Party(name="Example Customer", username="example"), ()),
    ],
)
def test_a_party_is_found_by_its_strongest_names(party: Party, aliases: tuple[str, ...]) -> None:
    assert party.aliases() == aliases


def test_a_party_never_has_more_than_two_aliases() -> None:
    everything = Party("15550001234", "US.1", "US.ENT.9", None, "Example Customer", "example")

    assert len(everything.aliases()) == 2  # the ledger looks for the first and the last


def test_directions_are_spelled_as_the_store_spells_them() -> None:
    assert [each.value for each in Direction] == ["in", "out"]


@pytest.mark.parametrize("value", [MediaRef, Party, Message, Status, IdentityChange, Reading])
def test_values_cannot_be_changed(value: type[msgspec.Struct]) -> None:
    assert value.__struct_config__.frozen
