"""Whole lives of triggers: whenever somebody looks, every slot is dealt with once, by its policy."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from penstock.model.slots import FORGIVEN, ON_TIME, due_slots, next_slot, slots_after
from penstock.model.trigger import MissedPolicy, Slot, Trigger, TriggerKind, TriggerSettings, parse_schedule
from tests.model.zone_reference import TRICKY

START = datetime(2024, 3, 8, tzinfo=UTC)
SCHEDULES = ("*/47 * * * *", "@hourly", "30 2 * * *", "*/20 1-3 * * *", "@daily", "0 8 * * 1-5", "@weekly", "0 0 L * *")
END = START + timedelta(days=27)  # clocks change in it, in most places


def _trigger(dice: random.Random, policy: MissedPolicy) -> Trigger:
    settings = TriggerSettings(
        time_zone=dice.choice(("UTC", *TRICKY)),
        missed_runs=policy,
        missed_runs_limit=100_000,
        landing_time_enabled=dice.random() < 0.3,
        create_initial_pipeline_run=dice.random() < 0.3,
    )
    at = START - timedelta(days=3, minutes=dice.randrange(9000))
    return Trigger("p", "t", TriggerKind.TIME, parse_schedule(dice.choice(SCHEDULES)), start_time=at, settings=settings)


def _life(dice: random.Random, trigger: Trigger, lead: timedelta, *, naps: bool) -> list[tuple[Slot, datetime]]:
    """The slots that were run, each with the moment; who looks wakes when a slot is due, and is away at times."""
    now, last, found = START, None, []
    while now < END:
        for slot in due_slots(trigger, last, now, enabled_at=START, lead=lead):
            found.append((slot, now))
            last = slot.logical
        following = next_slot(trigger, now, enabled_at=START, lead=lead)
        if following is None:
            break
        late = dice.choice((0, 0, 0.001, 3, 59, 59.9))
        if naps and dice.random() < 0.1:
            late = dice.expovariate(1 / 86_400)
        now = following.due + timedelta(seconds=late)
    return found


@pytest.mark.parametrize("seed", range(25))
def test_all_runs_every_slot_once_and_in_order(seed: int) -> None:
    dice = random.Random(seed)
    trigger, lead = _trigger(dice, MissedPolicy.ALL), timedelta(seconds=dice.choice((0, 0, 600, 90_000)))
    lead = lead if trigger.settings.landing_time_enabled else timedelta(0)
    run = [slot.logical for slot, _ in _life(dice, trigger, lead, naps=True)]
    assert run == sorted(set(run))
    before = START - timedelta(days=40)
    every = [slot.logical for slot in _until(trigger, before, END - timedelta(days=9), lead)]
    assert run[: len(every)] == every


def _until(trigger: Trigger, after: datetime, end: datetime, lead: timedelta) -> list[Slot]:
    found = []
    for slot in slots_after(trigger, after, enabled_at=START, lead=lead):
        if slot.due > end:
            break
        found.append(slot)
    return found


@pytest.mark.parametrize("seed", range(25))
def test_last_runs_the_newest_and_none_twice(seed: int) -> None:
    dice = random.Random(seed)
    trigger = _trigger(dice, MissedPolicy.LAST)
    for slot, now in (life := _life(dice, trigger, timedelta(0), naps=True)):
        # no later slot was due by then, unless it was run in the same moment
        later = [each.logical for each in _until(trigger, slot.due, now, timedelta(0))]
        assert now - slot.due <= ON_TIME or later == []
    run = [slot.logical for slot, _ in life]
    assert run == sorted(set(run))


@pytest.mark.parametrize("seed", range(25))
def test_none_runs_nothing_old(seed: int) -> None:
    dice = random.Random(seed)
    trigger = _trigger(dice, MissedPolicy.NONE)
    assert all(now - slot.due <= FORGIVEN for slot, now in _life(dice, trigger, timedelta(0), naps=True))


@pytest.mark.parametrize("policy", list(MissedPolicy))
@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_lost_while_somebody_looks(seed: int, policy: MissedPolicy) -> None:
    dice = random.Random(seed)
    trigger = _trigger(dice, policy)
    run = [slot.logical for slot, _ in _life(dice, trigger, timedelta(0), naps=False)]
    every = [
        slot.logical for slot in _until(trigger, START - timedelta(days=40), END - timedelta(days=9), timedelta(0))
    ]
    assert run[: len(every)] == every
