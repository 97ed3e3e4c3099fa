"""What triggers are to begin in a stretch of time, fairly shared: a busy trigger takes no room from the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from penstock.model.errors import SettingInvalidError
from penstock.model.slots import slots_after
from penstock.model.trigger import Trigger
from penstock.model.trigger_words import in_words
from penstock.schedule.leads import lead_of
from penstock.server.schema.triggers import Calendar, CalendarLane, CalendarSlot
from penstock.server.triggers.showing import trigger_of
from penstock.state.rows import TriggerRow
from penstock.state.store import State

if TYPE_CHECKING:
    import sqlalchemy as sa

LONGEST_PAGE = 100
"""Triggers of one page of a calendar."""
MOST_SLOTS = 9_000
"""Of one page."""
MOST_OF_ONE = 1000
LEAST_OF_ONE = 12


def calendar_page(
    connection: sa.Connection, state: State, since: float, until: float, limit: int, after: str
) -> Calendar:
    """The slots of the triggers that start first.

    Args:
        connection: in a transaction.
        state: the state store.
        since: seconds since the epoch.
        until: the last moment that counts.
        limit: how many triggers at most.
        after: `next` of the page before, or "".

    Returns:
        The slots, earliest first, and the triggers that go on beyond those of theirs that are told.

    Raises:
        SettingInvalidError: `after` comes from no page.
    """
    most = max(1, min(limit, LONGEST_PAGE))
    rows = state.triggers.due_until(connection, until, _unpacked(after) if after else None, most + 1)
    more, rows = len(rows) > most, rows[:most]
    share = max(LEAST_OF_ONE, min(MOST_OF_ONE, MOST_SLOTS // max(1, len(rows))))
    lanes: list[CalendarLane] = []
    slots: list[CalendarSlot] = []
    dense: list[int] = []
    for row in rows:
        trigger = trigger_of(row)
        found = list(islice(_slots(row, trigger, lead_of(connection, state, row), since, until), share + 1))
        if found:
            lanes.append(CalendarLane(row.id, row.pipeline, row.name, in_words(trigger)))
        slots += [CalendarSlot(row.id, row.pipeline, at) for at in found[:share]]
        if len(found) > share:
            dense.append(row.id)
    slots.sort(key=lambda slot: (slot.at, slot.trigger))
    following = json.dumps([rows[-1].next_due_at, rows[-1].id]) if more else None
    total = state.triggers.count_due(connection, until)
    return Calendar(lanes, slots, bool(dense) or more, dense, total, following)


def _unpacked(text: str) -> tuple[float, int]:
    try:
        at, number = json.loads(text)
        return float(at), int(number)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise SettingInvalidError(
            "reading the calendar: the place to go on from comes from no page", hint="Begin with the first page again."
        ) from error


def _slots(row: TriggerRow, trigger: Trigger, lead: timedelta, since: float, until: float) -> Iterator[float]:
    enabled = datetime.fromtimestamp(row.last_enabled_at, UTC) if row.last_enabled_at is not None else None
    after = slots_after(trigger, datetime.fromtimestamp(since, UTC), enabled_at=enabled, lead=lead)
    return takewhile(lambda at: at <= until, (slot.due.timestamp() for slot in after))
