"""Cron expressions against a reference that looks at every minute, and the texts that are refused."""

from __future__ import annotations

from datetime import datetime

import pytest

from penstock.model.cron import parse_cron
from penstock.model.errors import ScheduleInvalidError

START = datetime(2024, 1, 1)  # noqa: DTZ001 - cron goes by wall-clock time


def _next(text: str, count: int = 3, start: datetime = START) -> list[str]:
    cron, found, moment = parse_cron(text), [], start
    for _ in range(count):
        moment = cron.after(moment)
        assert moment is not None
        found.append(moment.strftime("%y-%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["24-01-01 00:01", "24-01-01 00:02", "24-01-01 00:03"]),
        ("5/15 * * * *", ["24-01-01 00:05", "24-01-01 00:20", "24-01-01 00:35"]),
        ("1-5/2,30 */6 * jan,mar *", ["24-01-01 00:01", "24-01-01 00:03", "24-01-01 00:05"]),
        ("00 09 * * *", ["24-01-01 09:00", "24-01-02 09:00", "24-01-03 09:00"]),
        ("0 22-2 * * *", ["24-01-01 01:00", "24-01-01 02:00", "24-01-01 22:00"]),
        ("10-10 * * * *", ["24-01-01 00:10", "24-01-01 01:10", "24-01-01 02:10"]),
        ("*/90 * * * *", ["24-01-01 01:00", "24-01-01 02:00", "24-01-01 03:00"]),
        ("0 0 * nov-feb *", ["24-01-02 00:00", "24-01-03 00:00", "24-01-04 00:00"]),
        ("0 0 * 2/3 *", ["24-02-01 00:00", "24-02-02 00:00", "24-02-03 00:00"]),
        ("0 0 L * *", ["24-01-31 00:00", "24-02-29 00:00", "24-03-31 00:00"]),
        ("0 0 L,15 * 1", ["24-01-08 00:00", "24-01-15 00:00", "24-01-22 00:00"]),
        ("0 0 15W * *", ["24-01-15 00:00", "24-02-15 00:00", "24-03-15 00:00"]),
        ("0 0 LW 6 *", ["24-06-28 00:00", "25-06-30 00:00", "26-06-30 00:00"]),
        ("0 0 1W * *", ["24-02-01 00:00", "24-03-01 00:00", "24-04-01 00:00"]),
        ("0 0 1W 6 *", ["24-06-03 00:00", "25-06-02 00:00", "26-06-01 00:00"]),
        ("0 0 * * L5", ["24-01-26 00:00", "24-02-23 00:00", "24-03-29 00:00"]),
        ("0 0 * * friL", ["24-01-26 00:00", "24-02-23 00:00", "24-03-29 00:00"]),
        ("0 0 * * 5#3", ["24-01-19 00:00", "24-02-16 00:00", "24-03-15 00:00"]),
        ("0 0 * * mon-wed#1", ["24-01-02 00:00", "24-01-03 00:00", "24-02-05 00:00"]),
        ("0 0 * * sat-mon", ["24-01-06 00:00", "24-01-07 00:00", "24-01-08 00:00"]),
        ("0 0 * * 5-7", ["24-01-05 00:00", "24-01-06 00:00", "24-01-07 00:00"]),
        ("0 0 * * 7", ["24-01-07 00:00", "24-01-14 00:00", "24-01-21 00:00"]),
        ("0 0 ? * MON", ["24-01-08 00:00", "24-01-15 00:00", "24-01-22 00:00"]),
        ("0 0 13 * 5", ["24-01-05 00:00", "24-01-12 00:00", "24-01-13 00:00"]),  # either day is enough
        ("0 0 1-31 * 1", ["24-01-02 00:00", "24-01-03 00:00", "24-01-04 00:00"]),
        ("0 0 */2 * 0-6", ["24-01-03 00:00", "24-01-05 00:00", "24-01-07 00:00"]),
        ("0 0 29 2 *", ["24-02-29 00:00", "28-02-29 00:00", "32-02-29 00:00"]),
        ("0 0 * 2 1#5", ["44-02-29 00:00", "72-02-29 00:00", "12-02-29 00:00"]),
        ("@yearly", ["25-01-01 00:00", "26-01-01 00:00", "27-01-01 00:00"]),
        (" 0   6 * * *\t", ["24-01-01 06:00", "24-01-02 06:00", "24-01-03 06:00"]),
        ("0 6 * * * 0", ["24-01-01 06:00", "24-01-02 06:00", "24-01-03 06:00"]),
    ],
)
def test_next_times(text: str, expected: list[str]) -> None:
    assert _next(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("* * * *", "has 4 of five"),
        ("* * * * * *", "has 6 fields"),
        ("* * * * * 30 2024", "has 7 fields"),
        ("60 * * * *", "60 is out of range for the minute"),
        ("0 24 * * *", "24 is out of range for the hour"),
        ("0 0 0 * *", "0 is out of range for the day of the month"),
        ("0 0 * 13 *", "13 is out of range for the month"),
        ("0 0 * * 8", "8 is out of range for the day of the week"),
        ("0 0 30 2 *", "names a day that no year has"),
        ("0 0 31 4,6,9,11 *", "names a day that no year has"),
        ("*/0 * * * *", "a step of 0"),
        ("-1 * * * *", "'-1' is no minute"),
        ("5- * * * *", "'5-' is no minute"),
        ("1,,2 * * * *", "nothing stands between"),
        ("? * * * *", "cannot be '?'"),
        ("0 0 * * mon#6", "one to five"),
        ("0 0 * * 1#0", "one to five"),
        ("0 0 * * L", "'l' is no day of the week"),
        ("0 0 * foo *", "'foo' is no month"),
        ("\u0665 * * * *", "is no minute"),  # a digit, and not an ASCII one
        ("9999999999999999999999 * * * *", "out of range"),
        ("R * * * *", "'r' is no minute"),
        ("@reboot", "has 1 of five"),
        ("every day", "has 2 of five"),
    ],
)
def test_what_says_no_times_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(ScheduleInvalidError) as caught:
        parse_cron(text)
    assert words in caught.value.message
    assert caught.value.hint


def test_ends_before_the_calendar_does() -> None:
    assert parse_cron("0 0 * * *").after(START.replace(year=9999)) is None
