"""Pages of the list of runs, as fast with a million of them as with ten.

A page begins where the one before it ended, by the key that it is sorted by, and reads along one index. What no index
helps with is looked for in a bounded number of rows: then a page may hold fewer rows than were asked for, or none, and
still tell where to go on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product
from math import prod
from typing import Any, NamedTuple

import sqlalchemy as sa

from penstock.model.errors import SettingInvalidError
from penstock.state.rows import RunRow
from penstock.state.tables import block_run, run, trigger

SORTS = ("newest", "oldest", "longest", "shortest")
"""The orders of a list; the last two hold ended runs only."""

SCANNED = 4_000
"""Rows that one page looks at, at most, for what no index helps with."""
LOOKED_AT_FIRST = 400
"""Of these, how many it looks at in the hope that they are enough."""
_MOST_SCANS = 8
_WORDS = ("id", "pipeline", "what", "failed_block", "error", "origin")
_LEFT_OUT = {"variables", "event", "options", "settings"}
_COLUMNS = [run.c[field.name] for field in fields(RunRow) if field.name not in _LEFT_OUT]


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list: those that fit every field that is set; of a tuple, one of its values.

    `since` and `until` bound `created_at`, `block` took part in the run, `text` is found in one of its words: id,
    pipeline, trigger, what was asked for, the block that failed, the error.
    """

    pipelines: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    trigger_id: int | None = None
    backfill_id: int | None = None
    since: float | None = None
    until: float | None = None
    partition: str = ""
    block: str = ""
    text: str = ""
    sort: str = "newest"


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs in their order, without variables, event, options and settings; `next` leads on, None at the end."""

    rows: list[RunRow]
    next: str | None


class _Key(NamedTuple):
    value: float
    run: str


@dataclass(frozen=True, slots=True)
class _Order:
    """By which column a list is sorted, and whether the greatest comes first."""

    column: sa.Column[float]
    down: bool

    def by(self, source: Any) -> list[sa.ColumnElement[Any]]:
        keys = [source[self.column.name], source["id"]]
        return [key.desc() for key in keys] if self.down else keys

    def after(self, key: _Key) -> sa.ColumnElement[bool]:
        value, name = key
        if self.down:
            return sa.and_(self.column <= value, sa.or_(self.column < value, run.c.id < name))
        return sa.and_(self.column >= value, sa.or_(self.column > value, run.c.id > name))


_ORDERS = {
    "newest": _Order(run.c.created_at, down=True),
    "oldest": _Order(run.c.created_at, down=False),
    "longest": _Order(run.c.seconds, down=True),
    "shortest": _Order(run.c.seconds, down=False),
}


def page(connection: sa.Connection, wanted: RunFilter, *, limit: int = 50, after: str = "") -> RunPage:
    """A page of the list.

    Args:
        connection: in a transaction.
        wanted: which runs, in which order.
        limit: how many at most.
        after: `next` of the page before.

    Raises:
        SettingInvalidError: the order is none, or `after` comes from no page.
    """
    order = _ORDERS.get(wanted.sort)
    if order is None:
        raise SettingInvalidError(
            f"listing runs: there is no order {wanted.sort!r}", hint=f"One of {', '.join(SORTS)}."
        )
    start = _unpacked(after) if after else None
    if wanted.text and not start and (exact := _named(connection, wanted)):
        return exact
    found: list[_Key] = []
    frontier: _Key | None = None
    for scan in _scans(wanted, order, start):
        keys, reached = scan.keys(connection, limit)
        found += keys
        if reached is not None and (frontier is None or _before(order, reached, frontier)):
            frontier = reached
    found.sort(reverse=order.down)
    if frontier is not None:  # beyond it one of the scans has not looked
        found = [key for key in found if not _before(order, frontier, key)]
    last = found[limit - 1] if len(found) > limit else frontier
    return RunPage(_filled(connection, found[:limit]), None if last is None else _packed(last))


@dataclass(frozen=True, slots=True)
class _Scan:
    """One reading along an index, in order: `along` are the conditions that bound it.

    `left` names the columns of the conditions that remain, `most` is the number of rows that it looks at for them.
    """

    order: _Order
    along: tuple[sa.ColumnElement[bool], ...]
    wanted: RunFilter
    left: frozenset[str]
    most: int

    def keys(self, connection: sa.Connection, limit: int) -> tuple[list[_Key], _Key | None]:
        """One key more than a page holds; and how far it has looked, when that was not to its end."""
        if not self.left:
            return [_Key(*line) for line in connection.execute(self._ordered(None).limit(limit + 1))], None
        found: list[_Key] = []
        reached: _Key | None = None
        for count in (LOOKED_AT_FIRST, self.most):
            keys, reached = self._step(connection, reached, count, limit + 1 - len(found))
            found += keys
            if len(found) > limit or reached is None:
                return found, None
        return found, reached

    def _step(
        self, connection: sa.Connection, start: _Key | None, count: int, wanted: int
    ) -> tuple[list[_Key], _Key | None]:
        """The first keys that fit among the next `count` rows; and the last of these rows, None at the end of all."""
        whole = self._ordered(start)
        tested = [run.c[name] for name in sorted(self.left - {self.order.column.name, "id"})]
        looked_at = whole.add_columns(*tested).limit(count).subquery("looked_at")
        rest = [condition for names, condition in conditions_of(self.wanted, looked_at.c) if names <= self.left]
        query = sa.select(looked_at.c[self.order.column.name], looked_at.c.id).where(*rest)
        query = query.order_by(*self.order.by(looked_at.c)).limit(wanted)
        found = [_Key(*line) for line in connection.execute(query)]
        last = connection.execute(whole.offset(count - 1).limit(1)).first() if len(found) < wanted else None
        return found, None if last is None else _Key(*last)

    def _ordered(self, start: _Key | None) -> sa.Select[Any]:
        along = self.along if start is None else (*self.along, self.order.after(start))
        return sa.select(self.order.column, run.c.id).where(*along).order_by(*self.order.by(run.c))


def _scans(wanted: RunFilter, order: _Order, start: _Key | None) -> Iterator[_Scan]:
    """The readings whose results, merged, are the list: one for each value that an index begins with."""
    by_time = order.column is run.c.created_at
    covered, starts = _starts(wanted, by_time=by_time)
    always: list[sa.ColumnElement[bool]] = [] if by_time else [order.column.is_not(None)]
    if start is not None:
        always.append(order.after(start))
    left: set[str] = set()
    for names, condition in conditions_of(wanted, run.c):
        if by_time and names == {"created_at"}:
            always.append(condition)
        elif not names <= covered:
            left |= names
    for conditions in starts:
        yield _Scan(order, (*conditions, *always), wanted, frozenset(left), max(1, SCANNED // len(starts)))


def _starts(wanted: RunFilter, *, by_time: bool) -> tuple[set[str], list[list[sa.ColumnElement[bool]]]]:
    """The columns that an index begins with, and the conditions on them; one empty list when none is asked for."""
    for column, number in ((run.c.trigger_id, wanted.trigger_id), (run.c.backfill_id, wanted.backfill_id)):
        if number is not None and by_time:
            return {column.name}, [[column == number, column.is_not(None)]]
    axes = {
        column.name: [column == value for value in values]
        for column, values in ((run.c.pipeline, wanted.pipelines), (run.c.state, wanted.states if by_time else ()))
        if 0 < len(values) <= _MOST_SCANS
    }
    if prod(len(axis) for axis in axes.values()) > _MOST_SCANS:
        axes.popitem()
    return set(axes), [list(conditions) for conditions in product(*axes.values())]


def conditions_of(wanted: RunFilter, of: Any) -> Iterator[tuple[frozenset[str], sa.ColumnElement[bool]]]:
    """Everything that is asked for, with the names of the columns of `of` that it looks at."""
    for name, values in (
        ("pipeline", wanted.pipelines),
        ("state", wanted.states),
        ("origin", wanted.origins),
        ("trigger_id", () if wanted.trigger_id is None else (wanted.trigger_id,)),
        ("backfill_id", () if wanted.backfill_id is None else (wanted.backfill_id,)),
        ("partition", (wanted.partition,) if wanted.partition else ()),
    ):
        if values:
            yield frozenset({name}), _column(of, name).in_(values)
    if wanted.since is not None:
        yield frozenset({"created_at"}), _column(of, "created_at") >= wanted.since
    if wanted.until is not None:
        yield frozenset({"created_at"}), _column(of, "created_at") < wanted.until
    if wanted.block:
        there = sa.exists().where(block_run.c.run_id == _column(of, "id"), block_run.c.block == wanted.block)
        yield frozenset({"id"}), there
    if wanted.text:
        named = sa.select(trigger.c.id).where(trigger.c.name.icontains(wanted.text, autoescape=True))
        holds = [_column(of, word).icontains(wanted.text, autoescape=True) for word in _WORDS]
        yield frozenset({*_WORDS, "trigger_id"}), sa.or_(*holds, _column(of, "trigger_id").in_(named))


def _column(of: Any, name: str) -> sa.ColumnElement[Any]:
    # a step looks only at the columns that it has asked for; conditions on others are left out by whoever calls
    return of[name] if name in of else sa.null()


def _named(connection: sa.Connection, wanted: RunFilter) -> RunPage | None:
    """The page with the run whose id the text is: whoever writes a whole id looks for that one."""
    name = wanted.text.strip()
    rest = [condition for _, condition in conditions_of(replace(wanted, text=""), run.c)]
    found = connection.execute(sa.select(run.c.id).where(run.c.id == name, *rest)).first()
    return None if found is None else RunPage(_filled(connection, [_Key(0.0, name)]), None)


def _before(order: _Order, one: _Key, other: _Key) -> bool:
    return one > other if order.down else one < other


def _filled(connection: sa.Connection, keys: list[_Key]) -> list[RunRow]:
    names = [key.run for key in keys]
    found = connection.execute(sa.select(*_COLUMNS).where(run.c.id.in_(names))).mappings()
    rows = {row["id"]: RunRow(**dict(row)) for row in found}
    return [rows[name] for name in names if name in rows]


def _packed(key: _Key) -> str:
    return json.dumps([key.value, key.run], separators=(",", ":"))


def _unpacked(text: str) -> _Key:
    try:
        value, name = json.loads(text)
        return _Key(float(value), str(name))
    except (ValueError, TypeError, RecursionError) as error:
        raise SettingInvalidError(
            "listing runs: the place to go on from comes from no page", hint="Begin with the first page again."
        ) from error
