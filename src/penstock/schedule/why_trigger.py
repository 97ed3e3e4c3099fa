"""Why does a trigger start nothing? One sentence, from its row in the store."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from penstock.model.slots import slots_after
from penstock.model.trigger import Preset, Trigger, TriggerKind
from penstock.model.trigger_definition import from_definition
from penstock.model.trigger_words import in_words
from penstock.schedule.mirror import has_run
from penstock.schedule.presence import NO_SCHEDULER, START_ONE
from penstock.schedule.reasons import Explanation, Reason, counted, moment
from penstock.schedule.why import has_scheduler
from penstock.state.rows import RunRow, TriggerRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

_MOST_COUNTED = 1000


def explain_trigger(state: State, connection: sa.Connection, row: TriggerRow, now: float) -> Explanation:
    """Why a trigger starts no run now, when it will, and what it has left out.

    Args:
        state: the store.
        connection: in a transaction.
        row: the trigger.
        now: seconds since the epoch.
    """
    try:
        trigger = from_definition(row.definition)
    except (ValueError, TypeError, LookupError) as error:
        return Explanation((Reason(f"what is stored of it cannot be read: {error}", row.updated_at),))
    runs = state.runs.of_trigger(connection, row.id, 2)
    off = _off(row, trigger)
    found = [off] if off else [_next(state, connection, row, trigger, now)]
    if off is None and not has_scheduler(state, connection, now):
        found.insert(0, Reason(NO_SCHEDULER, None, START_ONE))
    found += filter(None, (_busy(trigger, runs), _passed_over(trigger, runs)))
    return Explanation(tuple(found))


def _off(row: TriggerRow, trigger: Trigger) -> Reason | None:
    """Why it starts nothing at all."""
    if row.removed_at is not None:
        return Reason("its entry was removed from triggers.yaml", row.removed_at, "Write the entry again.")
    if row.problem:
        return Reason(f"it cannot start runs: {row.problem}", row.updated_at, "Mend that; it goes on by itself.")
    if not trigger.active:
        return Reason("it is switched off", row.updated_at, "Switch it on, or set status: active in triggers.yaml.")
    if not row.active:
        envs = ", ".join(trigger.envs)
        return Reason(
            f"it is meant for {envs or 'another environment'}, and this one is another",
            row.updated_at,
            "Set the environment variable ENV, or add this environment to envs.",
        )
    return None


def _next(state: State, connection: sa.Connection, row: TriggerRow, trigger: Trigger, now: float) -> Reason:
    if trigger.kind is not TriggerKind.TIME:
        text, change = _WAITS[trigger.kind]
        return Reason(text.format(when=in_words(trigger)), row.last_enabled_at, change)
    if row.next_due_at is None:
        return _no_moment(state, connection, row, trigger)
    if row.next_due_at <= now:
        return Reason(f"it is due since {moment(row.next_due_at)}", row.next_due_at, "A scheduler starts it next.")
    text = f"its next run is due at {moment(row.next_due_at)}"
    start = trigger.start_time
    if start is not None and start.timestamp() > now:
        return Reason(
            f"it does not start before {moment(start.timestamp())}; {text}", row.last_enabled_at, "Change start_time."
        )
    return Reason(f"{text} ({in_words(trigger)})", row.last_enabled_at, "Nothing has to be done; or run it now.")


_WAITS = {
    TriggerKind.API: ("it waits to be called", "Send a POST request to its address."),
    TriggerKind.EVENT: ("it waits for an event that matches", "Send one to /api/events."),
    TriggerKind.DEPENDENCY: ("it starts a run {when}", "Run what it waits for."),
}


def _no_moment(state: State, connection: sa.Connection, row: TriggerRow, trigger: Trigger) -> Reason:
    preset = trigger.schedule.preset if trigger.schedule is not None else None
    if preset is Preset.ONCE and has_run(row):
        change = "Run it now, or set a start_time that is still to come."
        return Reason("it runs once, and has run", row.last_slot, change)
    if preset is Preset.ONCE:
        return Reason("its time passed while no scheduler ran, and missed_runs is none", None, "Run it now.")
    if preset is Preset.ALWAYS_ON and state.runs.open(connection, trigger_id=row.id):
        return Reason("its run is under way; the next starts when it has ended", None, "Cancel that run.")
    return Reason("its schedule has no further moment", row.updated_at, "Change its schedule.")


def _busy(trigger: Trigger, runs: list[RunRow]) -> Reason | None:
    """Its last run is open and the next is left out for that."""
    if not trigger.settings.skip_if_previous_running or not runs or not runs[0].open:
        return None
    return Reason(
        f"run {runs[0].id} has not ended: until then its runs are left out (skip_if_previous_running)",
        runs[0].started_at or runs[0].created_at,
        "It goes on when that run has ended.",
    )


def _passed_over(trigger: Trigger, runs: list[RunRow]) -> Reason | None:
    """The moments between its last two runs for which there is none."""
    dates = [run.slot for run in runs if run.slot is not None]
    if trigger.kind is not TriggerKind.TIME or len(dates) <= 1 or dates[0] <= dates[1]:
        return None
    before, after = (datetime.fromtimestamp(date, UTC) for date in (dates[1], dates[0]))
    count = 0
    for slot in islice(slots_after(trigger, before), _MOST_COUNTED):
        if slot.logical >= after:
            break
        count += slot.logical > before
    if not count:
        return None
    policy = trigger.settings.missed_runs.value
    return Reason(
        f"{counted(count, 'run')} before its last one {'was' if count == 1 else 'were'} left out: nothing ran at the "
        f"time, and missed_runs is {policy}",
        dates[1],
        "Run them by a backfill, or set missed_runs to all.",
    )
