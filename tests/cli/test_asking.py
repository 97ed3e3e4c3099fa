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


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_date_that_the_calendar_does_not_have_in_utc_is_none(text: str) -> None:
    with pytest.raises(SettingInvalidError, match="is no date"):
        parsed_moment(text, "--execution-date")
