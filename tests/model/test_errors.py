"""Every public error has a code of its own, a phase, a recovery, and says in one sentence what it means."""

from __future__ import annotations

import re

import pytest

from penstock.model import errors


def test_codes_are_unique_and_follow_their_phase() -> None:
    found = errors.every_error()
    letters = {
        errors.Phase.CONFIG: "C",
        errors.Phase.PROJECT: "J",
        errors.Phase.CONNECT: "N",
        errors.Phase.EXECUTION: "X",
        errors.Phase.TRANSFER: "D",
        errors.Phase.STATE: "S",
        errors.Phase.ACCESS: "A",
    }
    codes = [error.code for error in found]
    assert len(codes) == len(set(codes))
    for error in found:
        assert re.fullmatch(letters[error.phase] + r"\d{3}", error.code), error
        assert "code" in vars(error), f"{error.__name__} inherits its code"
        assert (error.__doc__ or "").strip().endswith("."), error


def test_every_subclass_is_found() -> None:
    declared = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.PenstockError) and value is not errors.PenstockError
    }
    assert declared == set(errors.every_error())


def test_a_location_reads_like_a_compiler_s() -> None:
    assert str(errors.Location("a.yaml")) == "a.yaml"
    assert str(errors.Location("a.yaml", 3)) == "a.yaml:3"
    assert str(errors.Location("a.yaml", 3, 7)) == "a.yaml:3:7"


def test_an_error_carries_its_hint_and_place() -> None:
    error = errors.FileInvalidError("reading x: no", hint="Do y.", location=errors.Location("x", 1, 1))
    assert (str(error), error.hint, str(error.location)) == ("reading x: no", "Do y.", "x:1:1")


@pytest.mark.parametrize(
    ("kind", "message", "line"),
    [
        ("KeyError", "'flights'", "KeyError: 'flights'"),
        ("ValueError", "first\nsecond", "ValueError: first"),
        ("ValueError", "", "ValueError"),
        ("NotFoundError", "looking for x", "NotFoundError: looking for x"),
        ("PortBusyError", "the port is taken", "the port is taken"),
        ("timeout", "it took longer than 3 s", "it took longer than 3 s"),
    ],
)
def test_a_failure_in_one_line_says_its_class_where_it_is_not_ours(kind: str, message: str, line: str) -> None:
    assert errors.headline(kind, message) == line
