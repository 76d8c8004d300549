"""The name of what is gone is always the same, says nothing, and is taken for nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.tombstone import PREFIX, name


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_ids_have_different_names_and_one_id_has_one(one: str, other: str) -> None:
    if not one.startswith(PREFIX) and not other.startswith(PREFIX):
        assert (name(one) == name(other)) == (one == other)


@given(st.text())
def test_a_name_stays_itself(id_: str) -> None:
    assert name(name(id_)) == name(id_)


def test_nothing_of_the_id_is_in_the_name() -> None:
    assert name("wamid.HBgLMTU1NTAwMDEyMzQVAgASGBQzQTEy") == PREFIX + name("wamid.HBgLMTU1NTAwMDEyMzQVAgASGBQzQTEy")[5:]
    assert len(name("15550001234")) == len(PREFIX) + 32
    assert "15550001234" not in name("15550001234")
    assert name("") == ""
