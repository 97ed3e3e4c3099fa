"""Completions and variables of a session's namespace, whatever its values do when they are looked at."""

from __future__ import annotations

import math
from typing import Any

import pytest

from penstock.engine.completion import complete, variables


class Hostile:
    @property
    def broken(self) -> Any:
        raise ValueError("no")

    def keys(self) -> Any:
        raise ValueError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


class Worse:
    def __dir__(self) -> Any:
        raise KeyError("no")

    def __getattr__(self, name: str) -> Any:
        raise MemoryError(name)


NAMES = {"math": math, "flights": [1], "fly": {"a b": 1, 2: 3}, "hostile": Hostile(), "worse": Worse(), "_hidden": 1}


@pytest.mark.parametrize(
    ("code", "start", "expected"),
    [
        ("fl", 0, ["flights", "float", "fly"]),
        ("x = math.sq", 9, ["sqrt"]),
        ("math.sqrt(fli", 10, ["flights"]),
        ("fly['a", 5, ["a b"]),
        ('fly[ "', 6, ["a b"]),
        ("_hid", 0, ["_hidden"]),
        ("impor", 0, ["import"]),
        ("nothing.at", 8, []),
        ("hostile.broken.x", 15, []),
        ("hostile['", 9, []),
        ("worse.", 6, []),
        ("worse.a.b", 8, []),
        ("", 0, []),
        ("1 + ", 4, []),
        (".", 1, []),
        ("'text'.up", 7, []),
        ("flights[0].bit", 11, []),
    ],
)
def test_what_is_offered(code: str, start: int, expected: list[str]) -> None:
    assert complete(code, len(code), dict(NAMES)) == (start, expected)


def test_the_text_after_the_cursor_does_not_count() -> None:
    assert complete("fli + 1", 3, dict(NAMES)) == (0, ["flights"])


def test_variables_say_what_they_are() -> None:
    import numpy as np

    values = {**NAMES, "grid": np.zeros((3, 1000)), "many": list(range(1000)), "long": "x" * 1000}
    found = {variable.name: (variable.type, variable.summary) for variable in variables(values)}
    assert set(found) == {"flights", "fly", "hostile", "worse", "grid", "many", "long"}
    assert found["flights"] == ("list", "[1]")
    assert found["grid"] == ("ndarray", "3 x 1,000")
    assert found["many"] == ("list", "1,000 items")
    assert len(found["long"][1]) < 130
    assert "RuntimeError" in found["hostile"][1]
    assert "MemoryError" in found["worse"][1]
