"""The block variables of a run's interval: of a schedule's, and the day that is the default of any other run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from penstock.engine.plan import Occasion, Place, RunOptions, RunPlan, work_order
from penstock.model.block import Block, BlockType, Language
from penstock.model.pipeline import Pipeline
from penstock.model.product import Fence

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ("interval_start_datetime", "interval_end_datetime", "interval_start_datetime_previous", "interval_seconds")


def seen(options: RunOptions, **variables: Any) -> list[Any]:
    """What a block is given for these names, in their order; None where it is not given one."""
    block = Block("a", "a", BlockType.CUSTOM, Language.PYTHON)
    pipeline = replace(Pipeline("p", "p"), blocks=(block,), variables=variables)
    plan = RunPlan("r", Place("/p", "p", "/d"), pipeline, {"a": ()}, options, NOON, index={"a": block})
    order = work_order(plan, "a", Fence("r", "a", 1), ())
    given = {**order.builtins, **{name: datetime.fromisoformat(text) for name, text in order.datetimes.items()}}
    return [given.get(name) for name in NAMES]


def test_the_interval_of_a_run_that_nothing_scheduled_is_the_day_from_its_date_on() -> None:
    assert seen(RunOptions()) == [NOON, NOON + DAY, NOON - DAY, 86_400]
    called = RunOptions(occasion=Occasion(NOON - 9 * DAY, event={"a": 1}))
    assert seen(called) == [NOON - 9 * DAY, NOON - 8 * DAY, NOON - 10 * DAY, 86_400]


def test_the_interval_of_a_slot_is_its_own_whatever_the_variables_say() -> None:
    slot = RunOptions(occasion=Occasion(NOON, interval_start=NOON, interval_end=NOON + DAY / 24))
    assert seen(slot, interval_seconds=5) == [NOON, NOON + DAY / 24, NOON - DAY / 24, 3600]


def test_the_default_keeps_no_variable_of_that_name_away() -> None:
    assert seen(RunOptions(), interval_seconds=5) == [NOON, NOON + DAY, NOON - DAY, None]
    assert seen(RunOptions(variables={"interval_start_datetime": "x"}))[0] is None


def test_a_date_at_the_edge_of_the_calendar_has_an_interval() -> None:
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert seen(RunOptions(occasion=Occasion(first))) == [first, first + DAY, first, 86_400]
    assert seen(RunOptions(occasion=Occasion(last)))[:2] == [last, last]
