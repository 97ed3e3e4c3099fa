"""Queries on triggers: the mirror of what files declare, and which are due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from penstock.state.rows import TriggerRow
from penstock.state.statements import columns_of, locking, row_of, rows_of
from penstock.state.tables import run, trigger

_COLUMNS = columns_of(trigger, TriggerRow)


class RunBrief(NamedTuple):
    """What a list shows of a run of a trigger; the fields are those of `RunRow`. Thousands of them cost little."""

    id: str
    trigger_id: int
    pipeline: str
    state: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    seconds: float | None
    blocks_total: int
    blocks_done: int
    failed_block: str | None
    error: str
    origin: str
    what: str


class TriggerLine(NamedTuple):
    """What changes of a trigger without its file; the fields are those of `TriggerRow`."""

    id: int
    pipeline: str
    name: str
    active: bool
    next_due_at: float | None
    problem: str
    digest: str
    updated_at: float


_LINES = sa.select(*(trigger.c[name] for name in TriggerLine._fields)).where(trigger.c.removed_at.is_(None))
_BRIEF = [run.c[name] for name in RunBrief._fields]
# What a scheduler asks all the time is made once: making a statement costs more than running it.
_BY_ID = sa.select(*_COLUMNS).where(trigger.c.id == sa.bindparam("number"))
_NEXT_DUE = (
    sa.select(trigger.c.next_due_at)
    .where(trigger.c.next_due_at.is_not(None), trigger.c.active == sa.true())
    .order_by(trigger.c.next_due_at)
    .limit(1)
)
_FIRED = (
    sa.update(trigger)
    .where(trigger.c.id == sa.bindparam("number"))
    .values(last_slot=sa.bindparam("slot"), next_due_at=sa.bindparam("due"))
)


_NEW = [column.name for column in _COLUMNS if column.name != "id"]
_ADD = sa.insert(trigger).returning(trigger.c.id)
_NUMBERS = 500
"""Triggers that one question names at most."""
_MANY = sa.select(*_COLUMNS).where(trigger.c.id.in_(sa.bindparam("numbers", expanding=True)))
_OF_PIPELINES = sa.select(*_COLUMNS).where(trigger.c.pipeline.in_(sa.bindparam("pipelines", expanding=True)))


class Triggers:
    """Triggers, by number or by pipeline and name. One whose entry left its file is found by number only."""

    def get(self, connection: sa.Connection, number: int) -> TriggerRow | None:
        """The trigger of that number, removed or not."""
        return row_of(TriggerRow, connection.execute(_BY_ID, {"number": number}))

    def named(self, connection: sa.Connection, pipeline: str, name: str) -> TriggerRow | None:
        """The trigger of that name, removed or not."""
        query = sa.select(*_COLUMNS).where(trigger.c.pipeline == pipeline, trigger.c.name == name)
        return row_of(TriggerRow, connection.execute(query))

    def by_token(self, connection: sa.Connection, token_hash: str) -> list[TriggerRow]:
        """The triggers whose token has that hash."""
        query = sa.select(*_COLUMNS).where(trigger.c.token_hash == token_hash, trigger.c.removed_at.is_(None))
        return rows_of(TriggerRow, connection.execute(query))

    def all(self, connection: sa.Connection, pipeline: str = "", *, removed: bool = False) -> list[TriggerRow]:
        """All triggers, or those of a pipeline, in the order of pipeline and name; with `removed` also those gone."""
        query = sa.select(*_COLUMNS).order_by(trigger.c.pipeline, trigger.c.name)
        if pipeline:
            query = query.where(trigger.c.pipeline == pipeline)
        if not removed:
            query = query.where(trigger.c.removed_at.is_(None))
        return rows_of(TriggerRow, connection.execute(query))

    def of(self, connection: sa.Connection, pipelines: Sequence[str]) -> dict[str, dict[str, TriggerRow]]:
        """The triggers of some pipelines, removed ones too: by pipeline, then by name."""
        found: dict[str, dict[str, TriggerRow]] = {}
        for row in rows_of(TriggerRow, connection.execute(_OF_PIPELINES, {"pipelines": list(pipelines)})):
            found.setdefault(row.pipeline, {})[row.name] = row
        return found

    def pipelines(self, connection: sa.Connection) -> set[str]:
        """The pipelines that have triggers."""
        query = sa.select(trigger.c.pipeline).where(trigger.c.removed_at.is_(None)).distinct()
        return set(connection.execute(query).scalars())

    def digests(self, connection: sa.Connection) -> list[tuple[str, str]]:
        """The pipeline and the digest of each trigger."""
        query = sa.select(trigger.c.pipeline, trigger.c.digest).where(trigger.c.removed_at.is_(None))
        return [(pipeline, digest) for pipeline, digest in connection.execute(query)]

    def mentioning(self, connection: sa.Connection, word: str) -> list[TriggerRow]:
        """The triggers whose definition has a word in it as a whole text: those of a kind, and perhaps others."""
        said = sa.cast(trigger.c.definition, sa.Text())
        query = sa.select(*_COLUMNS).where(trigger.c.removed_at.is_(None), said.contains(f'"{word}"', autoescape=True))
        return rows_of(TriggerRow, connection.execute(query))

    def lines(self, connection: sa.Connection) -> list[TriggerLine]:
        """All triggers, in no order: ten thousand of them cost little."""
        return list(map(TriggerLine._make, connection.execute(_LINES).all()))

    def many(self, connection: sa.Connection, numbers: Sequence[int]) -> list[TriggerRow]:
        """The triggers of these numbers, in no order."""
        return [
            row
            for start in range(0, len(numbers), _NUMBERS)
            for row in rows_of(
                TriggerRow, connection.execute(_MANY, {"numbers": list(numbers[start : start + _NUMBERS])})
            )
        ]

    def due_until(
        self, connection: sa.Connection, until: float, after: tuple[float, int] | None, limit: int
    ) -> list[TriggerRow]:
        """The active triggers that are due before a moment, the first of them first; `after` the moment and number."""
        query = sa.select(*_COLUMNS).where(_waits(until)).order_by(trigger.c.next_due_at, trigger.c.id).limit(limit)
        if after is not None:
            at, number = trigger.c.next_due_at, trigger.c.id
            query = query.where(sa.or_(at > after[0], sa.and_(at == after[0], number > after[1])))
        return rows_of(TriggerRow, connection.execute(query))

    def count_due(self, connection: sa.Connection, until: float) -> int:
        """How many these are."""
        return int(
            connection.execute(sa.select(sa.func.count()).select_from(trigger).where(_waits(until))).scalar_one()
        )

    def newest_runs(
        self, connection: sa.Connection, numbers: Sequence[int], limit: int = 10
    ) -> dict[int, list[RunBrief]]:
        """The newest runs of each of these triggers that has any, newest first; in one query."""
        other = run.alias()
        newest = sa.select(other.c.id).where(other.c.trigger_id == trigger.c.id, other.c.trigger_id.is_not(None))
        newest = newest.order_by(other.c.created_at.desc(), other.c.id.desc()).limit(limit).correlate(trigger)
        query = sa.select(*_BRIEF).select_from(trigger.join(run, run.c.id.in_(newest)))
        query = query.where(trigger.c.id.in_(list(numbers)))
        found: dict[int, list[RunBrief]] = {}
        for row in map(RunBrief._make, connection.execute(query)):
            found.setdefault(row.trigger_id, []).append(row)
        for rows in found.values():
            rows.sort(key=lambda row: (row.created_at, row.id), reverse=True)
        return found

    def due(self, connection: sa.Connection, now: float, limit: int = 1000) -> list[TriggerRow]:
        """Active triggers whose moment has come, the longest due first.

        In a transaction that writes they stay with it until its end: two schedulers never get the same ones.
        """
        return rows_of(TriggerRow, connection.execute(_due(limit), {"now": now}))

    def next_due(self, connection: sa.Connection) -> float | None:
        """The moment at which the next active trigger is due, past or to come; None when none waits for one."""
        return connection.execute(_NEXT_DUE).scalar()

    def add(self, connection: sa.Connection, row: TriggerRow) -> int:
        """Insert a trigger; its number.

        Raises:
            StateConflictError: at the end of the transaction's block, when one of that name is there.
        """
        return int(connection.execute(_ADD, {name: getattr(row, name) for name in _NEW}).scalar_one())

    def change(self, connection: sa.Connection, number: int, **values: Any) -> bool:
        """Set columns of a trigger; whether it is there."""
        return connection.execute(sa.update(trigger).where(trigger.c.id == number).values(values)).rowcount > 0

    def fired(self, connection: sa.Connection, moved: Iterable[Mapping[str, Any]]) -> None:
        """Move the schedules of many triggers: each with `id`, `last_slot` and `next_due_at`."""
        rows = [{"number": one["id"], "slot": one["last_slot"], "due": one["next_due_at"]} for one in moved]
        if rows:
            connection.execute(_FIRED, rows)

    def remove(self, connection: sa.Connection, number: int, now: float) -> bool:
        """Its entry has left the file: it no longer fires, and its runs stay its own; whether it was there."""
        return self.change(connection, number, removed_at=now, updated_at=now, active=False, next_due_at=None)

    def delete(self, connection: sa.Connection, number: int) -> bool:
        """Forget a trigger for good; its runs stay, without it. Whether it was there."""
        return connection.execute(sa.delete(trigger).where(trigger.c.id == number)).rowcount > 0


def _waits(until: float) -> sa.ColumnElement[bool]:
    return sa.and_(trigger.c.next_due_at.is_not(None), trigger.c.next_due_at <= until, trigger.c.active == sa.true())


@lru_cache(maxsize=4)
def _due(limit: int) -> sa.Select[Any]:
    query = sa.select(*_COLUMNS).where(trigger.c.next_due_at <= sa.bindparam("now"), trigger.c.active == sa.true())
    return locking(query.order_by(trigger.c.next_due_at).limit(limit), trigger, skip=True)
