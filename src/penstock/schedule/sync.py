"""Mirrors the triggers of all triggers.yaml files into the state store.

Files are the truth: a trigger that is added, changed or removed there is so here. What cannot be read stops only what
stands in that file: its last good triggers are kept, paused, with the problem. A file is read when its time or size has
changed, and whenever it is named.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.config import environment as variables
from penstock.model.errors import FileInvalidError, PenstockError, StateConflictError
from penstock.model.trigger import Trigger, TriggerKind
from penstock.model.trigger_definition import from_definition
from penstock.model.trigger_links import circles
from penstock.project.layout import METADATA, TRIGGERS, pipeline_folder, pipeline_folders
from penstock.project.reader import listed_blocks
from penstock.project.trigger_entry import TriggerEntry
from penstock.project.triggers import read_triggers
from penstock.schedule.ends import Alerts, NoAlerts
from penstock.schedule.leads import usual_lead
from penstock.schedule.mirror import Moment, digest_of, mirrored, next_due, stamp_prefix
from penstock.state.rows import TriggerRow
from penstock.state.store import State

if TYPE_CHECKING:
    import sqlalchemy as sa

UNREADABLE = (
    PenstockError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    OSError,
)
"""What an odd file or definition can raise; one of them costs that file or trigger alone."""
_AT_ONCE = 100
"""Pipelines whose triggers are written in one transaction: others write meanwhile, too."""
_NOTHING = timedelta(0)


@dataclass(slots=True)
class Synced:
    """What a sync has done: the numbers of the triggers that were added, changed or removed."""

    added: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        """All of them."""
        return [*self.added, *self.changed, *self.removed]

    def add(self, other: Synced) -> None:
        """Take in what another step has done."""
        self.added += other.added
        self.changed += other.changed
        self.removed += other.removed


@dataclass(frozen=True, slots=True)
class _Read:
    """What the file of a pipeline says, and when it was read; `problem` why it cannot be, then it says nothing."""

    pipeline: str
    folder: Path | None
    moment: Moment
    entries: Mapping[str, TriggerEntry]
    problem: str = ""


class TriggerSync:
    """Keeps the mirror. Use it from one thread at a time.

    Args:
        state: the state store.
        root: the project's folder.
        clock: seconds since the epoch.
        environment: what the `envs` of triggers are compared with; the value of ENV by default.
        alerts: who is told of triggers that break.
    """

    def __init__(
        self,
        state: State,
        root: Path,
        clock: Callable[[], float],
        *,
        environment: str | None = None,
        alerts: Alerts | None = None,
    ) -> None:
        self._state = state
        self._root = root
        self._clock = clock
        self._environment = variables.text("ENV") if environment is None else environment
        self._alerts = alerts or NoAlerts()
        self._stamps: dict[str, str] = {}
        self._waiting: dict[tuple[str, str], Trigger] = {}
        self._remembers = False
        self._left: deque[str] = deque()

    @property
    def left(self) -> int:
        """How many files are still to be read of those that `begin` has found."""
        return max(0, len(self._left) - 1)  # the last step reads none

    def everything(self) -> Synced:
        """Look at all files; those that are as they were are not read.

        Raises:
            StateUnavailableError: the store is away; nothing is lost, call again.
        """
        self.begin()
        result = Synced()
        while (done := self.step()) is not None:
            result.add(done)
        return result

    def begin(self) -> None:
        """Find the files that are to be read; `step` reads them. Raises as `everything`."""
        folders = dict(pipeline_folders(self._root))
        with self._state.read() as connection:
            if not self._remembers:
                self._remember(connection)
            there = self._state.triggers.pipelines(connection)
        names = [name for name in {**folders, **dict.fromkeys(there)} if _is_storable(name)]
        self._left = deque(name for name in names if self._is_news(name, folders.get(name), there=name in there))
        self._left.append("")  # the last step looks at who waits for whom

    def step(self) -> Synced | None:
        """Read some of the files that `begin` has found; None when there are no more. Raises as `everything`."""
        if not self._left:
            return None
        result = Synced()
        names = [name for name in islice(self._left, _AT_ONCE) if name]
        if names:
            self._write(names, result)
        else:
            self._check_links({name for name, _ in pipeline_folders(self._root)}, result)
        for _ in names or ("",):  # what failed is done by the next step
            self._left.popleft()
        return result

    def pipelines(self, names: Iterable[str]) -> Synced:
        """Read the triggers of these pipelines, whether their files look changed or not. Raises as `everything`."""
        if not self._remembers:
            return self.everything()
        result = Synced()
        self._write([name for name in dict.fromkeys(names) if _is_storable(name)], result)
        if self._waiting and not self._left:
            self._check_links({name for name, _ in pipeline_folders(self._root)}, result)
        return result

    def _folder(self, pipeline: str) -> Path | None:
        folder = pipeline_folder(self._root, pipeline)
        return folder if folder and os.path.lexists(folder / METADATA) else None

    def _remember(self, connection: sa.Connection) -> None:
        """Take over what an earlier process has read: stamps, and who waits for whom."""
        prefixes: dict[str, set[str]] = {}
        for pipeline, digest in self._state.triggers.digests(connection):
            prefixes.setdefault(pipeline, set()).add(digest.rpartition("/")[0] + "/")
        self._stamps |= {pipeline: found.pop() for pipeline, found in prefixes.items() if len(found) == 1}
        for row in self._state.triggers.mentioning(connection, TriggerKind.DEPENDENCY):
            self._note_waiting(row)
        self._remembers = True

    def _note_waiting(self, row: TriggerRow) -> None:
        key = (row.pipeline, row.name)
        self._waiting.pop(key, None)
        if row.removed_at is None and row.active and row.definition.get("kind") == TriggerKind.DEPENDENCY:
            with suppress(*UNREADABLE):  # as another version has written it; its file says what it is now
                self._waiting[key] = from_definition(row.definition)

    def _is_news(self, pipeline: str, folder: Path | None, *, there: bool) -> bool:
        stamp = _stamp(folder)
        return self._stamps.get(pipeline) != stamp_prefix(self._moment(stamp)) if stamp else there

    def _moment(self, stamp: str) -> Moment:
        return Moment(self._clock(), self._environment, stamp)

    def _read(self, pipeline: str) -> _Read:
        folder = self._folder(pipeline)
        moment = self._moment(_stamp(folder))
        try:
            entries = read_triggers(self._root, pipeline, folder).entries if folder and moment.stamp else {}
        except UNREADABLE as error:
            return _Read(pipeline, folder, moment, {}, _in_words(error) or type(error).__name__)
        return _Read(pipeline, folder, moment, entries)

    def _write(self, names: list[str], result: Synced) -> None:
        # Files are read before the transaction begins, in which nobody else can write.
        read = [self._read(name) for name in names]

        def work(connection: sa.Connection) -> tuple[Synced, dict[str, str]]:
            done, stamps = Synced(), {}
            rows = self._state.triggers.of(connection, names)
            for each in read:
                # Of two processes that mirror a file, the one that writes last must not have read it first.
                now = each if _stamp(each.folder) == each.moment.stamp else self._read(each.pipeline)
                self._sync(connection, now, rows.get(each.pipeline, {}), done)
                stamps[each.pipeline] = stamp_prefix(now.moment)
            return done, stamps

        try:
            done, stamps = self._state.transact(work)
        except StateConflictError:  # another process has mirrored the same file in this moment
            done, stamps = self._state.transact(work)
        self._stamps.update(stamps)
        result.add(done)

    def _sync(self, connection: sa.Connection, read: _Read, rows: dict[str, TriggerRow], result: Synced) -> None:
        """Bring the rows of one pipeline up to date."""
        if read.problem:
            for row in rows.values():
                if row.removed_at is None:
                    self._pause(connection, row, read.problem, result)
            return
        moment = read.moment
        for name, entry in read.entries.items():
            old = rows.pop(name, None)
            if old and old.removed_at is None and old.digest == digest_of(entry, moment) and not _was_paused(old):
                continue
            try:
                lands = entry.trigger.settings.landing_time_enabled
                lead = usual_lead(connection, self._state, old.id) if old and lands else _NOTHING
                new = mirrored(entry, old, moment, lead)
            except UNREADABLE as error:
                if old and old.removed_at is None:
                    self._pause(connection, old, _in_words(error), result)
                continue
            self._store(connection, old, new, result)
        for row in rows.values():
            if row.removed_at is None:
                self._remove(connection, row, result)

    def _store(self, connection: sa.Connection, old: TriggerRow | None, new: TriggerRow, result: Synced) -> None:
        if old is None:
            new = replace(new, id=self._state.triggers.add(connection, new))
            result.added.append(new.id)
        else:
            self._change(connection, old, new)
            if _differs(old, new):
                result.changed.append(new.id)
        self._tell(connection, old, new)
        self._note_waiting(new)

    def _change(self, connection: sa.Connection, old: TriggerRow, new: TriggerRow) -> None:
        names = [name for name in TriggerRow.__slots__ if getattr(old, name) != getattr(new, name)]
        if names:
            self._state.triggers.change(connection, old.id, **{name: getattr(new, name) for name in names})

    def _pause(self, connection: sa.Connection, row: TriggerRow, problem: str, result: Synced) -> None:
        """Keep what was last good, and let it rest until the file can be read again."""
        paused = replace(row, problem=problem, next_due_at=None, digest="", updated_at=self._clock())
        self._store(connection, row, paused, result)

    def _remove(self, connection: sa.Connection, row: TriggerRow, result: Synced) -> None:
        self._state.triggers.remove(connection, row.id, self._clock())
        self._tell(connection, row, replace(row, active=False, problem=""))
        self._waiting.pop((row.pipeline, row.name), None)
        result.removed.append(row.id)

    def _tell(self, connection: sa.Connection, old: TriggerRow | None, new: TriggerRow) -> None:
        before = bool(old and old.active and old.problem and old.removed_at is None)
        if new.active and new.problem and not (before and old and old.problem == new.problem):
            self._alerts.trigger_broken(connection, new, new.problem, new.updated_at)
        elif before and not (new.active and new.problem):
            self._alerts.trigger_mended(connection, new, new.updated_at)

    def _check_links(self, known: set[str], result: Synced) -> None:
        """Pause the triggers that wait for what is not there, or in a circle; let those go on that do so no more."""
        if not self._waiting:
            return
        on_circle = circles(self._waiting.values())
        products = self._products(known)

        def work(connection: sa.Connection) -> list[int]:
            changed = []
            for (pipeline, name), trigger in self._waiting.items():
                row = self._state.triggers.named(connection, pipeline, name)
                circle = on_circle.get((pipeline, name), "")
                link = self._link_problem(connection, trigger, known, products, circle)
                if row is None or row.removed_at is not None or not row.digest:
                    continue
                problem = "; ".join(filter(None, (row.definition.get("problem"), link)))
                if problem == row.problem:
                    continue
                new = replace(row, problem=problem, updated_at=self._clock())
                new = replace(new, next_due_at=next_due(new, from_definition(new.definition), self._clock()))
                self._change(connection, row, new)
                self._tell(connection, row, new)
                changed.append(row.id)
            return changed

        result.changed += [number for number in self._state.transact(work) if number not in result.ids]

    def _products(self, known: set[str]) -> dict[str, set[str]]:
        """The blocks of each pipeline whose products are waited for; not of one that cannot be read just now."""
        found: dict[str, set[str]] = {}
        awaited = (each for trigger in self._waiting.values() for each in trigger.settings.after if each.product)
        for name in known & {each.pipeline for each in awaited}:
            if folder := self._folder(name):
                with suppress(*UNREADABLE):
                    found[name] = listed_blocks(self._root, folder)
        return found

    def _link_problem(
        self,
        connection: sa.Connection,
        trigger: Trigger,
        known: set[str],
        products: Mapping[str, set[str]],
        circle: str,
    ) -> str:
        if circle:
            return f"pipelines wait for one another in a circle: {circle}"
        missing = []
        for upstream in trigger.settings.after:
            if upstream.pipeline not in known:
                missing.append(f"the pipeline {upstream.pipeline}")
                continue
            if upstream.trigger:
                row = self._state.triggers.named(connection, upstream.pipeline, upstream.trigger)
                if row is None or row.removed_at is not None:
                    missing.append(f"the trigger {upstream.trigger} of {upstream.pipeline}")
            if upstream.product and upstream.product not in products.get(upstream.pipeline, {upstream.product}):
                missing.append(f"the block {upstream.product} of {upstream.pipeline}")
        return f"it waits for {' and '.join(missing)}, which is not in the project" if missing else ""


def move_triggers(connection: sa.Connection, state: State, before: str, after: str) -> None:
    """Let the triggers of a pipeline follow it to its new name, with their numbers, runs and tokens."""
    for row in state.triggers.all(connection, before, removed=True):
        if state.triggers.named(connection, after, row.name) is None:
            state.triggers.change(connection, row.id, pipeline=after)


def _stamp(folder: Path | None) -> str:
    """What changes when a pipeline's file does; "" when there is none."""
    if folder is None:
        return ""
    path = os.path.join(folder, TRIGGERS)  # noqa: PTH118 - as often as there are pipelines
    try:
        found = os.stat(path)  # noqa: PTH116 - the same
    except OSError:
        return "?" if os.path.lexists(path) else ""  # a broken link is there, and cannot be read
    return f"{found.st_mtime_ns}.{found.st_size}"


def _was_paused(row: TriggerRow) -> bool:
    return not row.digest


def _differs(old: TriggerRow, new: TriggerRow) -> bool:
    def shown(row: TriggerRow) -> tuple[Any, ...]:
        return (row.definition, row.active, row.problem, row.next_due_at, row.removed_at)

    return shown(old) != shown(new)


def _is_storable(name: str) -> bool:
    """Whether a database can hold it; names of folders may be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(name)


def _in_words(error: BaseException) -> str:
    if isinstance(error, FileInvalidError) and error.location:
        return f"{error.message} ({error.location})"
    return error.message if isinstance(error, PenstockError) else f"{type(error).__name__}: {error}"
