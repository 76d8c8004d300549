"""Errors meant for people say whose fault it is and how a command ends."""

import inspect

from penstock.core import errors
from penstock.core.errors import (
    Conflict,
    NewerSchema,
    NotFound,
    PenstockError,
    StoreUnavailable,
    Unreachable,
    UnsafeStore,
    WrongUse,
)

ALL = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, PenstockError)]


def test_every_error_says_whose_fault_it_is() -> None:
    assert {each.fault for each in ALL} <= {"ours", "theirs", "yours"}


def test_exit_codes_are_those_of_the_command_line() -> None:
    assert WrongUse.exit_code == 2
    assert {NotFound.exit_code, Conflict.exit_code, PenstockError.exit_code} == {1}
    assert {Unreachable.exit_code, StoreUnavailable.exit_code, NewerSchema.exit_code, UnsafeStore.exit_code} == {3}


def test_only_what_may_pass_by_itself_is_worth_trying_again() -> None:
    assert {each for each in ALL if each.retryable} == {Unreachable, StoreUnavailable}


def test_an_error_shows_its_message() -> None:
    assert str(WrongUse("the rate must be a number")) == "the rate must be a number"
