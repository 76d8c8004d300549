"""Diagnosis: what is named, what cannot be told apart, and when nothing is said."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.diagnosis import Row, diagnose, symptoms

PRIORS = {"contract_ok": 0.1, "wire_method": 0.5, "operation": 0.6, "server": 0.8, "kind": 1.0, "workspace": 2.0}


def attempt(rng: random.Random, *, wrong: bool, bad: int = 0, baseline: float = 0.005) -> Row:
    server = rng.randrange(20)
    named = {
        "wire_method": "POST" if wrong else "GET",
        "operation": "media.look_up" if wrong else rng.choice(["media.look_up", "media.download"]),
        "server": f"s{server}",
        "kind": rng.choice(["image", "audio", "video"]),
        "workspace": f"w{rng.randrange(300)}",
    }
    return Row(named, (wrong and server < bad) or rng.random() < baseline)


def incident(seed: int, *, attempts: int = 300) -> list[Row]:
    """A third of the fleet refuses what is sent as POST; a thousand attempts from before are beside them."""
    rng = random.Random(seed)
    rows = [attempt(rng, wrong=True, bad=6) for _ in range(attempts)]
    return rows + [attempt(rng, wrong=False) for _ in range(1_000)]


def test_the_method_and_the_servers_are_named() -> None:
    found = diagnose(incident(1), PRIORS, rng=random.Random(1))
    assert found is not None
    assert found.rule.clauses["wire_method"] == ("POST",)
    assert found.rule.clauses["server"] == ("s0", "s1", "s2", "s3", "s4", "s5")
    assert found.rule.failures <= found.failures


def test_rules_that_match_the_same_failures_are_named_together_nearest_to_a_cause_first() -> None:
    rng = random.Random(2)
    rows = []
    for _ in range(400):
        wrong = rng.random() < 0.5
        both = {"contract_ok": "no" if wrong else "yes", "wire_method": "POST" if wrong else "GET", "kind": "image"}
        rows.append(Row(both, wrong and rng.random() < 0.5))
    found = diagnose(rows, PRIORS, rng=random.Random(1))
    assert found is not None
    assert found.rule.clauses == {"contract_ok": ("no",)}
    assert {"wire_method": ("POST",)} in [each.clauses for each in found.also]


def test_nothing_is_said_of_failures_without_a_pattern() -> None:
    rng = random.Random(4)
    rows = [attempt(rng, wrong=False) for _ in range(4_000)]
    assert diagnose(rows, PRIORS, rng=random.Random(1)) is None


def test_a_dimension_of_hundreds_of_values_gains_nothing_by_its_size() -> None:
    rng = random.Random(5)
    rows = [Row({"workspace": f"w{rng.randrange(900)}", "kind": "image"}, rng.random() < 0.05) for _ in range(2_000)]
    assert diagnose(rows, PRIORS, rng=random.Random(1)) is None


def test_the_same_rows_and_the_same_split_say_the_same() -> None:
    rows = incident(7)
    assert diagnose(rows, PRIORS, rng=random.Random(3)) == diagnose(rows, PRIORS, rng=random.Random(3))


def test_symptoms_are_ranked_apart() -> None:
    rows = [Row({"status": "405"}, failed=True)] * 5 + [Row({"status": "200"}, failed=False)] * 90
    assert symptoms(rows, ["status"]) == [("status", "405", 5, 5)]


@given(
    st.lists(
        st.builds(
            Row,
            st.dictionaries(st.sampled_from(list(PRIORS)), st.sampled_from(["a", "b", "c"]), max_size=6),
            st.booleans(),
        ),
        max_size=80,
    ),
    st.integers(0, 9),
)
@settings(deadline=None, max_examples=80)
def test_a_rule_matches_what_it_says(rows: list[Row], seed: int) -> None:
    found = diagnose(rows, PRIORS, rng=random.Random(seed))
    for rule in () if found is None else (found.rule, *found.also):
        matched = [
            row for row in rows if all(row.dimensions.get(name) in values for name, values in rule.clauses.items())
        ]
        assert (rule.outcomes, rule.failures) == (len(matched), sum(row.failed for row in matched))
        assert 1 <= len(rule.clauses) <= 3
