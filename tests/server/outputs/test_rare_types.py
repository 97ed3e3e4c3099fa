"""The profile of columns of every Arrow type, the rare ones too: none may fail."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.server.outputs.conftest import Desk

COUNTS = (None, None, None)
"""Distinct, minimum and maximum of what has no order that a person would agree with."""
SPAN = pa.month_day_nano_interval()


def lists(kind: pa.DataType) -> pa.Array:
    return pa.array([[1, 2], None, [3, 4], [1, 2]], kind)


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (pa.array([(1, 2, 3), None, (0, 30, 0), (1, 2, 3)], SPAN), COUNTS),
        (pa.array([[(1, 2, 3)], None, [], [(1, 2, 3)]], pa.list_(SPAN)), COUNTS),
        (pa.array([1, None, 3, 1], pa.duration("ns")), (2, "00:00:00.000000001", "00:00:00.000000003")),
        (pa.array([1, None, 3, 1], pa.time32("s")), (2, "00:00:01", "00:00:03")),
        (pa.array([1, None, 3, 1], pa.time64("us")), (2, "00:00:00.000001", "00:00:00.000003")),
        (pa.array([Decimal("1.5"), None, Decimal("2.5"), Decimal("1.5")], pa.decimal256(76, 2)), (2, 1.5, 2.5)),
        (pa.array([b"a", None, b"\xff", b"a"], pa.large_binary()), (2, "61", "ff")),
        (pa.array([b"aa", None, b"\xff\x00", b"aa"], pa.binary(2)), (2, "6161", "ff00")),
        (pa.array([b"a", None, b"\xff", b"a"], pa.binary_view()), (2, "61", "ff")),
        (lists(pa.list_(pa.int8(), 2)), COUNTS),
        (lists(pa.list_view(pa.int8())), COUNTS),
        (pa.array([[("a", 1)], None, [], [("a", 1)]], pa.map_(pa.string(), pa.int8())), COUNTS),
        (pa.array([{"a": 1}, None, {"a": 2}, {"a": 1}]), COUNTS),
        (pa.array([b"1", None, b"2", b"1"]).dictionary_encode(), (2, "31", "32")),
        (pc.run_end_encode(pa.array([1, None, 2, 1])), (2, 1, 2)),
        (pa.array(["a", None, "b", "a"], pa.string_view()), (2, "a", "b")),
    ],
    ids=lambda each: str(each.type) if isinstance(each, pa.Array) else "",
)
def test_the_profile_counts_and_orders_what_has_an_order(desk: Desk, array: pa.Array, told: tuple[Any, ...]) -> None:
    stored = desk.put(pa.table({"x": array}))
    (found,) = desk.profile(stored)
    assert (found["rows"], found["nulls"]) == (4, 1)
    assert (found["distinct"], found["minimum"], found["maximum"]) == told
    assert desk.profile(stored, filters=[("x", "not null")])[0]["rows"] == 3


def test_a_column_of_nothing_has_a_profile(desk: Desk) -> None:
    (found,) = desk.profile(pa.table({"x": pa.nulls(4)}))
    assert (found["rows"], found["nulls"], found["null_share"]) == (4, 4, 1.0)
