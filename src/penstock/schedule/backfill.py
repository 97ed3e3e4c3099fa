"""Backfills: runs of a pipeline for windows of the past, or for what a block lists, so many at a time.

The runs of a backfill are made when there is room for them, in the order of their windows: `parallelism` says how many
may be open. Which window is next stands in the backfill's row and moves in the transaction that makes its run, so that
each window gets exactly one run, whoever is killed when. `slot` of such a run is the window's position.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from penstock.model.errors import BackfillNotFoundError, RunStateError, SettingInvalidError
from penstock.schedule.listings import check_list, date_of
from penstock.schedule.requests import MOST_PRIORITY, NewRun, cancel_run, run_row
from penstock.schedule.windows import MOST, Windows
from penstock.state.rows import INITIAL, RUNNING, BackfillRow, RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

BACKFILLS = "backfills"
"""Topic of wake-ups: something was asked of the backfill whose number is the text."""
CHUNK = 500
"""Runs that are made in one transaction."""
MOST_OPEN = 1000
"""Runs of one backfill that are open at most, also when it says nothing about it."""
DEFAULT_OPEN = 10
_APART = 1e-6
"""Seconds between the runs of a chunk: lists and queues keep the order of the windows."""
_BAD = ("failed", "cancelled", "interrupted")
_CUT = "cut"
"""In the settings of a backfill: its runs that were open when it was cancelled; their windows are owed a run."""
_RETRIES = "backfill_retries"
"""In the settings of a run: how often its window has been run again by itself since somebody last asked for it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A backfill that is asked for; times are seconds since the epoch.

    Either `start` to `end` by interval, or `listed`: the variables of each run, as a block gave them. `parallelism` 0
    is as many as there can be. `retries` is how often a failed window is run again by itself.
    """

    pipeline: str
    name: str = ""
    block: str | None = None
    start: float | None = None
    end: float | None = None
    interval: str = "day"
    units: int = 1
    zone: str = "UTC"
    inclusive: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
    parallelism: int = DEFAULT_OPEN
    retries: int = 0
    priority: int = 0
    listed: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One run of a backfill before it is made."""

    execution_date: float
    partition: str
    variables: Mapping[str, Any]
    interval_start: float | None = None
    interval_end: float | None = None


def preview(wanted: Wanted, now: float, limit: int = 1000, first: int = 0) -> tuple[list[Planned], int]:
    """The runs that a backfill would make, at most `limit` from `first` on, and how many there are in all.

    Raises:
        SettingInvalidError: it makes no sense, in words.
    """
    total = _checked(wanted)
    chosen = range(first, min(total, first + limit))
    if wanted.listed is not None:
        return [_of_list(wanted.listed[place], place, now, "backfill", wanted.zone) for place in chosen], total
    windows = _windows(wanted)
    return [_of_window(windows, place) for place in chosen], total


def add_backfill(state: State, wanted: Wanted, now: float) -> BackfillRow:
    """Put a backfill into the store; it does not begin by itself.

    Raises:
        SettingInvalidError: as `preview`.
        StateUnavailableError: the store is away; nothing was stored.
    """
    total = _checked(wanted)
    settings = {
        "total": total,
        "made": 0,
        "zone": wanted.zone,
        "inclusive": wanted.inclusive,
        "retries": max(0, wanted.retries),
        "priority": wanted.priority,
    }
    row = BackfillRow(
        pipeline=wanted.pipeline,
        name=wanted.name.strip() or f"{wanted.pipeline} {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M}",
        created_at=now,
        block=wanted.block,
        start=wanted.start if wanted.listed is None else None,
        end=wanted.end if wanted.listed is None else None,
        interval_type=wanted.interval if wanted.listed is None else "",
        interval_units=wanted.units if wanted.listed is None else 0,
        variables=dict(wanted.variables),
        settings=settings,
        parallelism=wanted.parallelism,
    )

    def work(connection: sa.Connection) -> BackfillRow:
        number = state.backfills.add(connection, row)
        for start in range(0, len(wanted.listed or ()), CHUNK):
            text = json.dumps((wanted.listed or [])[start : start + CHUNK])
            state.settings.put(connection, _listed_key(number, start), text)
        return replace(row, id=number)

    return state.transact(work)


def start_backfill(state: State, number: int, now: float) -> BackfillRow:
    """Let a backfill begin, or one that was cancelled go on where it stood: what was cut off runs again.

    Raises:
        BackfillNotFoundError: there is none of that number.
        RunStateError: it is under way or has ended.
    """

    def work(connection: sa.Connection) -> BackfillRow:
        row = _found(connection, state, number, "starting")
        if row.state not in {INITIAL, "cancelled"}:
            raise RunStateError(f"starting backfill {row.name}: it is {row.state}", hint="Retry what failed in it.")
        settings = dict(row.settings)
        if row.state == "cancelled":
            cut = {run.id for run in state.backfills.latest_in(connection, number, ["cancelled"], MOST)}
            cut |= {run.id for run in state.runs.open(connection, backfill_id=number) if run.cancel_requested}
            settings[_CUT] = sorted({*settings.get(_CUT, ()), *cut})
        begun = row.started_at or now
        return _changed(connection, state, row, state=RUNNING, started_at=begun, ended_at=None, settings=settings)

    return state.transact(work)


def cancel_backfill(state: State, number: int, now: float) -> tuple[BackfillRow, list[str]]:
    """Make no more runs, and cancel those that are open; the backfill, and the runs that were cancelled.

    Raises: as `start_backfill`.
    """

    def work(connection: sa.Connection) -> tuple[BackfillRow, list[str]]:
        row = _found(connection, state, number, "cancelling")
        if row.state not in {INITIAL, RUNNING}:
            been = "been cancelled" if row.state == "cancelled" else row.state
            raise RunStateError(f"cancelling backfill {row.name}: it has {been}", hint="There is nothing left.")
        names = [run.id for run in state.runs.open(connection, backfill_id=number)]
        settings = {**row.settings, _CUT: sorted({*row.settings.get(_CUT, ()), *names})}
        return _changed(connection, state, row, state="cancelled", ended_at=now, settings=settings), names

    row, names = state.transact(work)
    cancelled = []
    for name in names:
        try:
            cancel_run(state, name, now)
        except RunStateError:
            continue  # it has ended meanwhile
        cancelled.append(name)
    return row, cancelled


def retry_backfill(state: State, number: int) -> tuple[BackfillRow, int]:
    """Run the windows again whose newest run did not complete, with the pipeline as it is now; how many.

    Raises: as `start_backfill`.
    """

    def work(connection: sa.Connection) -> tuple[BackfillRow, int]:
        row = _found(connection, state, number, "retrying")
        bad = state.backfills.latest_in(connection, number, _BAD, MOST)
        left = int(row.settings.get("total", 0)) - int(row.settings.get("made", 0))
        if not bad and not left:
            raise RunStateError(f"retrying backfill {row.name}: none of its runs has failed", hint="Nothing is left.")
        again = sorted({*row.settings.get("again", ()), *(run.id for run in bad)})
        settings = {**row.settings, "again": again}
        row = _changed(connection, state, row, state=RUNNING, ended_at=None, error="", settings=settings)
        return row, len(bad)

    return state.transact(work)


def delete_backfill(state: State, number: int) -> BackfillRow:
    """Forget a backfill that is not under way; its runs stay.

    Raises: as `start_backfill`.
    """

    def work(connection: sa.Connection) -> BackfillRow:
        row = _found(connection, state, number, "deleting")
        if row.state == RUNNING:
            raise RunStateError(f"deleting backfill {row.name}: it is under way", hint="Cancel it first.")
        state.settings.drop(connection, f"backfill:{number}:")
        state.backfills.delete(connection, number)
        return row

    return state.transact(work)


def planned(state: State, connection: sa.Connection, row: BackfillRow, first: int, limit: int) -> list[Planned]:
    """The runs of a stored backfill, made or not, `limit` of them from that position on."""
    total = int(row.settings.get("total", 0))
    places = range(max(0, first), min(total, first + limit))
    if row.start is None:
        zone = str(row.settings.get("zone", "UTC"))
        return [
            _of_list(given, place, row.created_at, f"backfill-{row.id}", zone)
            for place, given in _listed(state, connection, row, places)
        ]
    windows = windows_of(row)
    return [_of_window(windows, place) for place in places]


def windows_of(row: BackfillRow) -> Windows:
    """The windows of a stored backfill by dates."""
    zone, inclusive = str(row.settings.get("zone", "UTC")), bool(row.settings.get("inclusive"))
    return Windows(row.start or 0.0, row.end or 0.0, row.interval_type, row.interval_units, zone, inclusive)


class Backfills:
    """Makes the runs of backfills as there is room for them; for the thread of the scheduler.

    Args:
        state: the store.
        told: called with the number of a backfill that has changed, after the transaction.
    """

    def __init__(self, state: State, told: Callable[[int], None] | None = None) -> None:
        self._state = state
        self._told = told
        self._look = True

    def look(self, connection: sa.Connection, runs: Collection[str] | None = None) -> None:
        """Something was asked of backfills: the next step reads them all. Or of these runs: if one of theirs has ended.

        In a transaction of the caller, which reads.
        """
        if runs is None:
            self._look = True
        elif runs and not self._look:
            self._look = self._state.backfills.have_ended(connection, runs)

    def step(self, now: float) -> bool:
        """Make runs of the backfills that are under way, a chunk at most; whether there is more to do at once.

        Raises:
            StateUnavailableError: the store is away; nothing was made.
        """
        if not self._look:
            return False
        with self._state.read() as connection:
            numbers = [row.id for row in self._state.backfills.all(connection, state=RUNNING)]
        more = False
        for number in numbers:
            made = self._state.transact(partial(self._fill, number=number, now=now))
            more = more or len(made) == CHUNK
            if self._told is not None:
                self._told(number)
        # A backfill under way is looked at again when one of its runs ends, or somebody asks for something.
        self._look = more
        return more

    def ended(self, connection: sa.Connection, run: RunRow, now: float) -> list[RunRow]:
        """A run of a backfill has ended, and is written: the runs that take its place.

        Args:
            connection: of the transaction that ends it.
            run: as it is now.
            now: seconds since the epoch.
        """
        if run.backfill_id is None:
            return []
        return self._fill(connection, run.backfill_id, now, after=run)

    def _fill(self, connection: sa.Connection, number: int, now: float, after: RunRow | None = None) -> list[RunRow]:
        row = self._state.backfills.locked(connection, number)
        if row is None or row.state in {INITIAL, "cancelled"}:
            return []
        made: list[RunRow] = []
        settings = dict(row.settings)
        if after is not None and after.state == "failed":
            retries = int(after.settings.get(_RETRIES, after.ordinal))
            if retries < int(settings.get("retries", 0)):
                made.append(_again(after, now, retries + 1))
        if row.state == RUNNING:
            self._take_up(connection, number, settings)
            room = min(row.parallelism or MOST_OPEN, MOST_OPEN)
            room -= self._state.backfills.open_runs(connection, number) + len(made)
            made += self._next(connection, row, settings, min(room, CHUNK), now)
        made = self._state.runs.add(connection, made)
        if settings != dict(row.settings):
            self._state.backfills.change(connection, number, settings=settings)
        if not made:
            self._settle(connection, row, settings, now)
        return made

    def _take_up(self, connection: sa.Connection, number: int, settings: dict[str, Any]) -> None:
        """Put what was cut off and has ended among what is to be run again; `settings` is moved on."""
        cut = settings.pop(_CUT, None)
        if not cut:
            return
        runs = self._state.runs.many(connection, cut)
        still = [name for name in cut if name in runs and runs[name].open]
        if still:
            settings[_CUT] = still
        again = settings.get("again", [])
        ended = {*cut} - {*still} - {*again}
        if ended:
            latest = self._state.backfills.latest_in(connection, number, ["cancelled"], MOST)
            settings["again"] = [*again, *(run.id for run in latest if run.id in ended)]

    def _next(
        self, connection: sa.Connection, row: BackfillRow, settings: dict[str, Any], room: int, now: float
    ) -> list[RunRow]:
        """The next runs, first those that are to be run again; `settings` is moved on."""
        if room <= 0:
            return []
        again = list(settings.get("again", ()))
        old = self._state.runs.many(connection, again[:room])
        names = [name for name in again[:room] if name in old]
        made = [_again(old[name], now + place * _APART, 0) for place, name in enumerate(names)]
        if again:
            settings["again"] = again[room:]
        done, total = int(settings.get("made", 0)), int(settings.get("total", 0))
        count = min(room - len(made), total - done)
        for place, plan in enumerate(planned(self._state, connection, row, done, count), done):
            made.append(_run(row, plan, place, settings, now + len(made) * _APART))
        settings["made"] = done + max(0, count)
        return made

    def _settle(self, connection: sa.Connection, row: BackfillRow, settings: Mapping[str, Any], now: float) -> None:
        """End a backfill when the newest run of each window has ended."""
        left = settings.get("again") or int(settings.get("made", 0)) < int(settings.get("total", 0))
        if left or self._state.backfills.open_runs(connection, row.id):
            return
        counts = self._state.backfills.latest_states(connection, row.id)
        bad = sum(counts.get(state, 0) for state in _BAD)
        ended = "failed" if bad else "completed"
        error = f"{bad} of {settings.get('total', 0)} runs did not complete" if bad else ""
        if (row.state, row.error) != (ended, error):
            self._state.backfills.change(connection, row.id, state=ended, ended_at=now, error=error)


def _checked(wanted: Wanted) -> int:
    """How many runs a backfill has, when it makes sense."""
    doing = "planning the backfill"
    if wanted.parallelism < 0:
        raise SettingInvalidError(f"{doing}: a parallelism below 0", hint="Write 0 for no limit.")
    for name in ("parallelism", "retries", "priority"):
        if abs(getattr(wanted, name)) > MOST_PRIORITY:
            raise SettingInvalidError(f"{doing}: its {name} is no number that makes sense", hint="Write a smaller one.")
    if wanted.listed is not None:
        return check_list(wanted.listed, wanted.block, wanted.zone)
    if wanted.block:
        raise SettingInvalidError(f"{doing}: block {wanted.block} has not listed its runs", hint="Preview it again.")
    if wanted.start is None or wanted.end is None:
        raise SettingInvalidError(f"{doing}: it has no start or no end", hint="Give both dates, or a block.")
    windows = _windows(wanted)
    windows.check()
    return len(windows)


def _windows(wanted: Wanted) -> Windows:
    return Windows(wanted.start or 0.0, wanted.end or 0.0, wanted.interval, wanted.units, wanted.zone, wanted.inclusive)


def _of_window(windows: Windows, place: int) -> Planned:
    begin, end = windows.at(place)
    return Planned(begin, windows.partition(place), {}, begin, end)


def _of_list(given: Mapping[str, Any], place: int, now: float, prefix: str, zone: str) -> Planned:
    """The run that one entry of a list makes: it may say its own date and partition."""
    partition = given.get("execution_partition")
    at = None
    with suppress(TypeError, ValueError, OverflowError, SettingInvalidError):  # it was stored when nobody checked it
        at = date_of(given.get("execution_date"), zone)
    name = partition if isinstance(partition, str) and partition.strip() else f"{prefix}-{place:05}"
    return Planned(now if at is None else at, name, dict(given))


def _run(row: BackfillRow, plan: Planned, place: int, settings: Mapping[str, Any], now: float) -> RunRow:
    return run_row(
        NewRun(
            row.pipeline,
            "backfill",
            variables={**row.variables, **plan.variables},
            slot=float(place),
            execution_date=plan.execution_date,
            interval_start=plan.interval_start,
            interval_end=plan.interval_end,
            partition=plan.partition,
            priority=int(settings.get("priority", 0)),
            options={"environment": "prod"},
            backfill_id=row.id,
        ),
        now,
    )


def _again(old: RunRow, now: float, retries: int) -> RunRow:
    """A new run of the window of an old one, with the pipeline as it is then; `retries` were made by themselves."""
    new = NewRun(
        old.pipeline,
        "backfill",
        variables=old.variables,
        slot=old.slot,
        ordinal=old.ordinal + 1,
        execution_date=old.execution_date,
        interval_start=old.interval_start,
        interval_end=old.interval_end,
        partition=old.partition,
        priority=old.priority,
        options=old.options,
        settings={**old.settings, _RETRIES: retries},
        backfill_id=old.backfill_id,
        retry_of=old.id,
    )
    return run_row(new, now)


def _listed(
    state: State, connection: sa.Connection, row: BackfillRow, places: range
) -> Iterable[tuple[int, Mapping[str, Any]]]:
    chunk: tuple[int, list[Mapping[str, Any]]] = (-1, [])
    for place in places:
        start = place - place % CHUNK
        if chunk[0] != start:
            chunk = (start, json.loads(state.settings.get(connection, _listed_key(row.id, start), "[]")))
        if place - start < len(chunk[1]):
            yield place, chunk[1][place - start]


def _listed_key(number: int, start: int) -> str:
    return f"backfill:{number}:{start}"


def _found(connection: sa.Connection, state: State, number: int, doing: str) -> BackfillRow:
    row = state.backfills.locked(connection, number)
    if row is None:
        raise BackfillNotFoundError(f"{doing} backfill {number}: there is none", hint="It may have been deleted.")
    return row


def _changed(connection: sa.Connection, store: State, row: BackfillRow, **values: Any) -> BackfillRow:
    store.backfills.change(connection, row.id, **values)
    return replace(row, **values)
