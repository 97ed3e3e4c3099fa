"""Which events fit the patterns of a trigger."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.model.event_pattern import matches, matches_any

EVENT = {
    "source": "aws.s3",
    "detail": {"bucket": {"name": "orders"}, "object": {"key": "a.csv", "size": 1}, "tags": ["new", "raw"]},
    "urgent": True,
}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({}, True),
        ({"source": "aws.s3"}, True),
        ({"source": ["aws.ec2", "aws.s3"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"source": []}, False),
        ({"detail": {"bucket": {"name": ["orders", "stock"]}}}, True),
        ({"detail": {"bucket": {"name": ["stock"]}}}, False),
        ({"detail": {"bucket": "orders"}}, False),
        ({"detail": {"tags": ["raw", "old"]}}, True),
        ({"detail": {"tags": "raw"}}, False),
        ({"detail": [{"bucket": {"name": "stock"}}, {"bucket": {"name": "orders"}}]}, True),
        ({"absent": None}, False),
        ({"source": {"x": 1}}, False),
        ({"urgent": True}, True),
        ({"urgent": 1}, False),
        ({"detail": {"object": {"size": True}}}, False),
        ({"source": "aws.s3", "urgent": False}, False),
    ],
)
def test_patterns(pattern: dict[str, Any], fits: bool) -> None:  # noqa: FBT001
    assert matches(pattern, EVENT) is fits


def test_one_matcher_of_several_is_enough_and_an_empty_one_is_none() -> None:
    assert matches_any([{"pattern": {"source": ["x"]}}, {"name": "a", "pattern": {"urgent": True}}], EVENT)
    assert not matches_any([], EVENT)
    assert not matches_any([{"pattern": {}}, {"name": "no pattern"}, {"pattern": "aws"}], EVENT)
