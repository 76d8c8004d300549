"""A finding has a word, a line, and what to do unless all is well."""

from penstock.cli.finding import Finding, fail, ok, warn


def test_only_what_is_well_needs_no_advice() -> None:
    assert ok("clock", "right") == Finding("clock", "ok", "right", "")
    assert warn("clock", "late", "set it") == Finding("clock", "warn", "late", "set it")
    assert fail("clock", "wrong", "set it") == Finding("clock", "fail", "wrong", "set it")
