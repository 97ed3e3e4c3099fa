"""Numbers from outside."""

from __future__ import annotations

import pytest

from penstock.server.numbers import storable, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("007", 7), ("9" * 15, 999_999_999_999_999), ("9" * 16, 0), ("9" * 5000, 0), ("", 0), ("-1", 0),
     ("1.0", 0), (" 1", 0), ("²", 0), ("٣", 0), ("1_000", 0)],
)  # fmt: skip
def test_only_plain_digits_are_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


def test_a_database_is_asked_for_numbers_that_it_can_hold() -> None:
    assert [storable(number) for number in (None, 7, 0, -5, 10**400)] == [None, 7, 0, 0, 10**15 - 1]
