"""Schedules in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from penstock.model.cron import parse_cron
from penstock.model.trigger import Trigger, TriggerKind, TriggerSettings, Upstream, parse_schedule
from penstock.model.trigger_words import cron_words, in_words


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("0 * * * *", "every hour"),
        ("5 * * * *", "every hour at minute 5"),
        ("5,35 * * * *", "every hour at minutes 5 and 35"),
        ("0 */2 * * *", "every 2 hours"),
        ("30 */2 * * *", "every 2 hours at minute 30"),
        ("0 */6 * * *", "every day at 00:00, 06:00, 12:00 and 18:00"),
        ("0 8 * * *", "every day at 08:00"),
        ("0 8 * * 1-5", "on Monday to Friday at 08:00"),
        ("0 8 * * 0,6", "on Saturday and Sunday at 08:00"),
        ("0 8 * * 5-1", "on Monday and Friday to Sunday at 08:00"),
        ("0 8 1 * *", "on day 1 of the month at 08:00"),
        ("0 8 L * *", "on the last day of the month at 08:00"),
        ("0 8 1,15,LW 1-3 *", "on days 1 and 15 and the last working day of the month in January to March at 08:00"),
        ("0 8 * * mon#1", "on the first Monday of the month at 08:00"),
        ("0 8 13 * 5L", "on day 13 of the month and on the last Friday of the month at 08:00"),
        ("*/10 9-17 * * 1-5", "every 10 minutes of hours 9-17 on Monday to Friday"),
        ("0 9-17 * * *", "in hours 9-17 at minute 0"),
        ("0 0 15W * *", "on the working day nearest to day 15 of the month at 00:00"),
        ("0 0 1 1 *", "on day 1 of the month in January at 00:00"),
    ],
)
def test_crons(cron: str, words: str) -> None:
    assert cron_words(parse_cron(cron)) == words


def _time(schedule: str, **settings: object) -> Trigger:
    start = datetime(2024, 1, 1, 8, tzinfo=UTC)
    return Trigger(
        "p",
        "t",
        TriggerKind.TIME,
        parse_schedule(schedule),
        start_time=start,
        settings=TriggerSettings(**settings),
    )


def test_triggers() -> None:
    assert in_words(_time("@daily")) == "every day at 00:00 UTC"
    assert in_words(_time("@weekly", time_zone="Europe/Paris")) == "on Monday at 00:00 Europe/Paris"
    assert in_words(_time("@once")) == "once"
    assert in_words(_time("@always_on")) == "always on: again when a run has ended"
    landing = in_words(_time("@daily", landing_time_enabled=True))
    assert landing == "so that it has ended every day by its landing time, UTC"
    assert in_words(Trigger("p", "t", TriggerKind.API)) == "when it is called"
    assert in_words(Trigger("p", "t", TriggerKind.EVENT)) == "on events that match"
    assert in_words(Trigger("p", "t", TriggerKind.TIME)) == ""
    after = TriggerSettings(after=(Upstream("a"), Upstream("b", "t"), Upstream("c", product="d")))
    words = in_words(Trigger("p", "t", TriggerKind.DEPENDENCY, settings=after))
    assert words == "after a succeeded, b succeeded by t and c/d is new"
