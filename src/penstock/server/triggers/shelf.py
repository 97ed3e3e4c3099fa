"""The list of triggers by pages: filtered, searched, sorted and counted here, as fast with ten thousand of them.

What a trigger says of itself is kept in memory as long as its row is the same; what changes by the minute, when it is
due and whether it is on, is read for all of them in one short query.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from penstock.model.errors import SettingInvalidError
from penstock.model.trigger_words import in_words
from penstock.server.schema.triggers import TriggerCounts, TriggerQuery
from penstock.server.triggers.showing import trigger_of
from penstock.state.rows import TriggerRow
from penstock.state.store import State
from penstock.state.triggers import TriggerLine

if TYPE_CHECKING:
    import sqlalchemy as sa

SORTS = ("name", "next")
STATES = ("", "on", "off", "problem", "due")
LONGEST_PAGE = 500
_MOST_CHOICES = 200
"""Pipelines and tags that a page offers to choose from."""

Key = tuple[float, float, str, str]


class Page(NamedTuple):
    """A page: numbers in their order, what leads on, how many there are, and what can be chosen from."""

    numbers: list[int]
    next: str | None
    total: int
    counts: TriggerCounts
    pipelines: list[str]
    tags: list[str]


class _Said(NamedTuple):
    """What a trigger says of itself; `mark` tells of which row."""

    mark: tuple[str, float, str, str]
    kind: str
    tags: tuple[str, ...]
    text: str


class _Held(NamedTuple):
    """What all of them say."""

    said: dict[int, _Said]
    pipelines: list[str]
    tags: list[str]


class Shelf:
    """The triggers of the project, for pages of them; for any thread."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._held = _Held({}, [], [])
        self._lock = threading.Lock()

    def page(self, connection: sa.Connection, wanted: TriggerQuery) -> Page:
        """The page that is asked for.

        Raises:
            SettingInvalidError: there is no such order or state, or `after` comes from no page.
        """
        _check(wanted)
        lines = self._state.triggers.lines(connection)
        held = self._read(connection, lines)
        found = [line for line in lines if _fits(line, held.said[line.id], wanted)] if _narrows(wanted) else lines
        after = _unpacked(wanted.after) if wanted.after else None
        key = _KEYS[wanted.sort]
        keys = [(key(line), line.id) for line in found if not wanted.state or _is_in(line, wanted.state)]
        total = len(keys)
        if after is not None:
            keys = [each for each in keys if each > after]
        limit = max(1, min(wanted.limit, LONGEST_PAGE))
        skipped = max(0, min(wanted.skip, total))
        shown = nsmallest(skipped + limit + 1, keys)[skipped:]
        more = json.dumps(shown[limit - 1], separators=(",", ":")) if len(shown) > limit else None
        return Page(
            [number for _, number in shown[:limit]], more, total, _counts(found, len(lines)), held.pipelines, held.tags
        )

    def _read(self, connection: sa.Connection, lines: Sequence[TriggerLine]) -> _Held:
        """What they say, of those that have changed anew from the store."""
        with self._lock:
            said = self._held.said
            stale = [line.id for line in lines if line.id not in said or said[line.id].mark != _mark(line)]
            if stale or len(said) != len(lines):
                # Made anew and not changed: another page may be reading the one there is.
                kept = {line.id: said[line.id] for line in lines if line.id in said}
                kept |= {row.id: _said_by(row) for row in self._state.triggers.many(connection, stale)}
                pipelines = {line.pipeline for line in lines}
                tags = Counter(tag for each in kept.values() for tag in each.tags)
                self._held = _Held(
                    kept,
                    sorted(pipelines) if len(pipelines) <= _MOST_CHOICES else [],
                    sorted(tag for tag, _ in tags.most_common(_MOST_CHOICES)),
                )
            return self._held


def _narrows(wanted: TriggerQuery) -> bool:
    return bool(wanted.pipeline or wanted.kind or wanted.tag or wanted.q)


def _fits(line: TriggerLine, said: _Said, wanted: TriggerQuery) -> bool:
    return (
        (not wanted.pipeline or line.pipeline == wanted.pipeline)
        and (not wanted.kind or said.kind == wanted.kind)
        and (not wanted.tag or wanted.tag in said.tags)
        and all(word in said.text for word in wanted.q.lower().split())
    )


def _said_by(row: TriggerRow) -> _Said:
    trigger = trigger_of(row)
    schedule = trigger.schedule.text if trigger.schedule else str(row.definition.get("written") or "")
    words = (row.name, row.pipeline, in_words(trigger), schedule, trigger.description, *trigger.tags, row.problem)
    mark = (row.digest, row.updated_at, row.pipeline, row.name)
    return _Said(mark, trigger.kind.value, tuple(trigger.tags), " ".join(words).lower())


def _mark(line: TriggerLine) -> tuple[str, float, str, str]:
    return line.digest, line.updated_at, line.pipeline, line.name


def _is_in(line: TriggerLine, state: str) -> bool:
    if state in {"on", "off"}:
        return line.active == (state == "on")
    if state == "problem":
        return bool(line.problem)
    return not state or (line.active and line.next_due_at is not None)


def _counts(lines: Iterable[TriggerLine], everything: int) -> TriggerCounts:
    on = off = problem = due = 0
    for line in lines:
        on += line.active
        off += not line.active
        problem += bool(line.problem)
        due += line.active and line.next_due_at is not None
    return TriggerCounts(everything=everything, found=on + off, on=on, off=off, problem=problem, due=due)


def _by_name(line: TriggerLine) -> Key:
    return 0.0, 0.0, line.pipeline, line.name


def _by_next(line: TriggerLine) -> Key:
    """What is on and broken first, then by the time of the next run, then what waits for no clock, then what is off."""
    due = line.next_due_at
    rank = 3.0 if not line.active else 0.0 if line.problem else 2.0 if due is None else 1.0
    return rank, due or 0.0, line.pipeline, line.name


_KEYS = {"name": _by_name, "next": _by_next}


def _check(wanted: TriggerQuery) -> None:
    if wanted.sort not in SORTS:
        raise SettingInvalidError(
            f"listing triggers: there is no order {wanted.sort[:50]!r}", hint=f"One of {', '.join(SORTS)}."
        )
    if wanted.state not in STATES:
        raise SettingInvalidError(
            f"listing triggers: there is no state {wanted.state[:50]!r}", hint=f"One of {', '.join(STATES[1:])}."
        )


def _unpacked(text: str) -> tuple[Key, int]:
    try:
        (rank, due, pipeline, name), number = json.loads(text)
        return (float(rank), float(due), str(pipeline), str(name)), int(number)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise SettingInvalidError(
            "listing triggers: the place to go on from comes from no page", hint="Begin with the first page again."
        ) from error
