"""What triggers are to begin in a stretch of time, fairly shared: a busy trigger takes no room from the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from penstock.model.slots import slots_after
from penstock.server.schema.triggers import Calendar, CalendarSlot
from penstock.server.triggers.showing import trigger_of
from penstock.state.rows import TriggerRow

MOST_SLOTS = 20_000
"""Of one calendar."""
MOST_OF_ONE = 1000
LEAST_OF_ONE = 12


def calendar_of(rows: Sequence[TriggerRow], leads: Mapping[int, timedelta], since: float, until: float) -> Calendar:
    """The slots of each trigger, earliest first.

    Args:
        rows: active triggers that can be read.
        leads: how much earlier than its moment each begins, by number.
        since: seconds since the epoch.
        until: the last moment that counts.

    Returns:
        The slots, and the triggers that go on beyond those of theirs that are told, to the end of the time.
    """
    share = max(LEAST_OF_ONE, min(MOST_OF_ONE, MOST_SLOTS // max(1, len(rows))))
    slots: list[CalendarSlot] = []
    dense: list[int] = []
    for row in rows:
        found = list(islice(_slots(row, leads[row.id], since, until), share + 1))
        slots += [CalendarSlot(row.id, row.pipeline, at) for at in found[:share]]
        if len(found) > share:
            dense.append(row.id)
    slots.sort(key=lambda slot: (slot.at, slot.trigger))
    return Calendar(slots, bool(dense), dense)


def _slots(row: TriggerRow, lead: timedelta, since: float, until: float) -> Iterator[float]:
    enabled = datetime.fromtimestamp(row.last_enabled_at, UTC) if row.last_enabled_at is not None else None
    after = slots_after(trigger_of(row), datetime.fromtimestamp(since, UTC), enabled_at=enabled, lead=lead)
    return takewhile(lambda at: at <= until, (slot.due.timestamp() for slot in after))
