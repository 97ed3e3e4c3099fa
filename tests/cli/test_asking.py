"""Moments and durations on the command line."""

from __future__ import annotations

import pytest

from penstock.cli.asking import duration, moment, parsed_moment
from penstock.model.errors import SettingInvalidError


def test_words() -> None:
    assert [duration(value) for value in (None, 0.44, 200.0, 7500.0)] == ["", "0.4 s", "3 min 20 s", "2 h 5 min"]
    assert moment(None) == ""
    assert moment(0.0) == "1970-01-01 00:00:00"


def test_dates() -> None:
    assert parsed_moment("1970-01-02", "--start") == 86_400.0
    assert parsed_moment("1970-01-01T01:00+01:00", "--start") == 0.0
    assert parsed_moment(None, "--start") is None
    with pytest.raises(SettingInvalidError, match="--start"):
        parsed_moment("soon", "--start")
