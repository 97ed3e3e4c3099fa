"""Queries on runs: what waits, who drives what, and what may be written by whom.

A run is driven by whoever holds its lease. Each claim of it raises its token, and whatever its driver writes names the
token: one that lost its lease without noticing (a paused process, a lost network) writes nothing any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from penstock.model.run_nouns import DONE
from penstock.state.former_names import former_names, remember
from penstock.state.rows import BlockRunRow, RunRow
from penstock.state.run_list import RunFilter, RunPage, page
from penstock.state.statements import columns_of, insert_new, locking, put, row_of, rows_of, values_of
from penstock.state.sums import forget, forget_all
from penstock.state.tables import block_run, run, trigger

_COLUMNS = columns_of(run, RunRow)
_UNIQUE = (("id",), ("trigger_id", "slot", "ordinal"))
# Partial indexes are used only where the query spells their condition as text.
_WAITING = sa.text("state = 'initial'")
_LEASED = run.c.lease_owner.is_not(None)
_OPEN = run.c.state.in_([sa.literal_column("'initial'"), sa.literal_column("'running'")])
_CHUNK = 500
_SUMMED = {"pipeline", "state", "ended_at", "started_at", "due_at", "seconds", "sla_missed", "failed_block", "error"}

# What a scheduler asks all the time is made once: making a statement costs more than running it.
_NAME: sa.BindParameter[str] = sa.bindparam("name")
_OWNER: sa.BindParameter[str] = sa.bindparam("owner")
_NOW: sa.BindParameter[float] = sa.bindparam("now")
_FREE = sa.or_(run.c.lease_owner.is_(None), run.c.lease_until < _NOW)
_BY_ID = sa.select(*_COLUMNS).where(run.c.id == _NAME)
_HELD = locking(_BY_ID, run)
_MANY = sa.select(*_COLUMNS).where(run.c.id.in_(sa.bindparam("names", expanding=True)))
_CHILDREN = (
    sa.select(*_COLUMNS)
    .where(run.c.parent_run == _NAME, run.c.parent_run.is_not(None))
    .order_by(run.c.created_at, run.c.id)
)
_ASKED_FOR = locking(
    sa.select(*_COLUMNS)
    .where(_WAITING, run.c.parent_run.is_not(None), run.c.due_at <= _NOW, _FREE)
    .order_by(run.c.created_at, run.c.id)
    .limit(_CHUNK),
    run,
    skip=True,
)
# A run that was to begin at once when it was asked for, or that has begun before, is due in the future only when
# somebody has set the clock back; one that was asked for later waits for its moment.
_AT_ONCE = sa.and_(run.c.created_at > _NOW, run.c.due_at <= run.c.created_at)
_AHEAD = sa.and_(_WAITING, run.c.due_at > _NOW, sa.or_(_AT_ONCE, run.c.lease_token > 0))
_PULL_FORWARD = sa.update(run).where(_AHEAD).values(due_at=_NOW)
_WAITING_PIPELINES = (
    sa.select(run.c.pipeline, sa.func.count(), sa.func.count(run.c.parent_run))
    .where(_WAITING, run.c.due_at <= _NOW, _FREE)
    .group_by(run.c.pipeline)
)
_CAP = (
    sa.update(run).where(_LEASED, run.c.lease_until > sa.bindparam("until")).values(lease_until=sa.bindparam("until"))
)
_NEXT_DUE = sa.select(sa.func.min(run.c.due_at)).where(_WAITING, run.c.due_at > _NOW)
_NEXT_SLA = sa.select(sa.func.min(run.c.sla_at)).where(_OPEN, run.c.sla_missed == sa.false())
_NEXT_FOREIGN_EXPIRY = sa.select(sa.func.min(run.c.lease_until)).where(_LEASED, run.c.lease_owner != _OWNER)
_ALL_LEASED = sa.select(*_COLUMNS).where(_LEASED)
_LEASED_BY = _ALL_LEASED.where(run.c.lease_owner == _OWNER)
_TOKENS = sa.select(run.c.id, run.c.lease_token).where(run.c.lease_owner == _OWNER)
_RENEW = sa.update(run).where(run.c.lease_owner == _OWNER).values(lease_until=sa.bindparam("until"))
_TOKEN = locking(sa.select(run.c.lease_token).where(run.c.id == _NAME, run.c.lease_owner.is_not(None)), run)


_NEWEST_ENDED = (
    sa.select(run.c.id)
    .where(run.c.pipeline == sa.bindparam("pipeline"), sa.not_(_OPEN))
    .order_by(run.c.created_at.desc(), run.c.id.desc())
    .limit(1)
)


def _same_slot(one: RunRow, other: RunRow) -> bool:
    of_one, of_other = ((row.trigger_id, row.slot, row.ordinal) for row in (one, other))
    return None not in of_one and of_one == of_other


class Runs:
    """Runs, by id."""

    def insert(self, connection: sa.Connection, row: RunRow) -> bool:
        """Insert a run; False when its id, or its slot of its trigger, is taken: then nothing has changed."""
        return bool(self.insert_many(connection, [row]))

    def insert_many(self, connection: sa.Connection, rows: Sequence[RunRow]) -> set[str]:
        """Insert those runs whose id and slot are free; the ids of those that went in."""
        new = insert_new(connection, run, [values_of(row) for row in rows], _UNIQUE)
        forget(connection, [row.ended_at for row in rows])
        return new

    def add(self, connection: sa.Connection, rows: Sequence[RunRow]) -> list[RunRow]:
        """Insert new runs, as `insert_many`, but under another id where theirs is taken.

        Ids of one microsecond differ by chance alone, and thousands are made in one. A slot has one run: what comes
        for one that has is left out.

        Returns:
            The runs that went in, as they are stored.
        """
        stored: list[RunRow] = []
        while rows:
            seen: set[str] = set()
            left: list[RunRow] = []
            again: list[RunRow] = []
            for row in rows:
                (again if row.id in seen else left).append(row)
                seen.add(row.id)
            new = self.insert_many(connection, left)
            stored += [row for row in left if row.id in new]
            left = [row for row in left if row.id not in new]
            there = self.many(connection, [row.id for row in left])
            again += [row for row in left if row.id in there and not _same_slot(row, there[row.id])]
            rows = [replace(row, id=f"{row.id.rpartition('-')[0]}-{secrets.token_hex(6)}") for row in again]
        return stored

    def get(self, connection: sa.Connection, name: str) -> RunRow | None:
        """The run of that id."""
        return row_of(RunRow, connection.execute(_BY_ID, {"name": name}))

    def held(self, connection: sa.Connection, name: str) -> RunRow | None:
        """The run of that id, kept from being changed by others until the end of the transaction."""
        return row_of(RunRow, connection.execute(_HELD, {"name": name}))

    def many(self, connection: sa.Connection, names: Iterable[str]) -> dict[str, RunRow]:
        """Those of these runs that there are, by id."""
        wanted, found = list(names), {}
        for start in range(0, len(wanted), _CHUNK):
            rows = connection.execute(_MANY, {"names": wanted[start : start + _CHUNK]})
            found.update({row.id: row for row in rows_of(RunRow, rows)})
        return found

    def page(self, connection: sa.Connection, wanted: RunFilter, *, limit: int = 50, after: str = "") -> RunPage:
        """A page of the list of runs; see `run_list`."""
        return page(connection, wanted, limit=limit, after=after)

    def waiting(
        self,
        connection: sa.Connection,
        now: float,
        limit: int = 100,
        *,
        pipeline: str = "",
        but_of: Collection[int] = (),
    ) -> list[RunRow]:
        """Runs that may begin and that nobody drives: highest priority first, then the longest due.

        In a transaction that writes they stay with it until its end: two schedulers never get the same ones.

        Args:
            connection: of the transaction.
            now: seconds since the epoch.
            limit: how many at most.
            pipeline: of that one alone; of all, if empty.
            but_of: triggers whose runs are left out.
        """
        of: dict[str, Any] = {"pipeline": pipeline} if pipeline else {}
        if but_of:
            of["but_of"] = sorted(but_of)
        query = _waiting(limit, one=bool(pipeline), but=bool(but_of))
        return rows_of(RunRow, connection.execute(query, {"now": now, **of}))

    def waiting_pipelines(self, connection: sa.Connection, now: float) -> dict[str, tuple[int, int]]:
        """How many runs of each pipeline may begin and nobody drives, and how many of these blocks have asked for."""
        found = connection.execute(_WAITING_PIPELINES, {"now": now})
        return {name: (count, asked) for name, count, asked in found}

    def pull_forward(self, connection: sa.Connection, now: float) -> int:
        """Let runs begin now that were to begin when they were asked for, by a clock that was ahead; how many."""
        return connection.execute(_PULL_FORWARD, {"now": now}).rowcount

    def shorten_leases(self, connection: sa.Connection, until: float) -> int:
        """Let leases end by then that were taken by a clock that was ahead; how many. Who lives renews its own."""
        return connection.execute(_CAP, {"until": until}).rowcount

    def next_due(self, connection: sa.Connection, after: float) -> float | None:
        """The moment at which the next waiting run may begin, later than that one."""
        return connection.execute(_NEXT_DUE, {"now": after}).scalar()

    def lost(self, connection: sa.Connection, now: float, limit: int = 1000) -> list[RunRow]:
        """Open runs whose lease has expired: whoever drove them is gone."""
        return rows_of(RunRow, connection.execute(_lost(limit), {"now": now}))

    def leased(self, connection: sa.Connection, owner: str = "") -> list[RunRow]:
        """The runs that somebody drives, or that this one does; among them those that are to be cancelled."""
        found = connection.execute(_LEASED_BY, {"owner": owner}) if owner else connection.execute(_ALL_LEASED)
        return rows_of(RunRow, found)

    def claim(
        self,
        connection: sa.Connection,
        name: str,
        owner: str,
        *,
        now: float,
        until: float,
        over: int | None = None,
        **values: Any,
    ) -> int | None:
        """Take the lease of an open run; its token, or None when somebody else holds it or the run has ended.

        Args:
            connection: in a transaction that writes.
            name: the run.
            owner: who claims.
            now: seconds since the epoch.
            until: when the lease expires unless it is renewed.
            over: take it even from a living lease with this token: that of a process known to be dead.
            values: columns to set with it.
        """
        given = {"name": name, "owner": owner, "until": until}
        given |= {"now": now} if over is None else {"over": over}
        given |= {f"to_{column}": value for column, value in values.items()}
        return connection.execute(_claim(tuple(values), dead=over is not None), given).scalar()

    def renew(self, connection: sa.Connection, owner: str, until: float) -> dict[str, int]:
        """Keep all leases of an owner until then; the tokens of the runs that it still drives."""
        connection.execute(_RENEW, {"owner": owner, "until": until})
        return _pairs(connection.execute(_TOKENS, {"owner": owner}))

    def fence(self, connection: sa.Connection, name: str, token: int) -> bool:
        """Whether that token still is the run's: ask first in each transaction that writes for its driver."""
        return connection.execute(_TOKEN, {"name": name}).scalar() == token

    def write(self, connection: sa.Connection, name: str, token: int, **values: Any) -> bool:
        """Set columns of a run in the name of its driver; False when the lease was lost, and nothing was written."""
        given = {f"to_{column}": value for column, value in values.items()}
        found = connection.execute(_write(tuple(values)), {"name": name, "token": token, **given})
        forget(connection, [values.get("ended_at")])
        return found.rowcount > 0

    def release(self, connection: sa.Connection, name: str, token: int, **values: Any) -> bool:
        """Give the lease up, and set columns with it: the last thing that a driver writes. As `write`."""
        return self.write(connection, name, token, lease_owner=None, lease_until=None, **values)

    def change(self, connection: sa.Connection, name: str, **values: Any) -> bool:
        """Set columns of a run whoever drives it, such as `cancel_requested`; whether it is there."""
        if _SUMMED & values.keys():
            ended = connection.execute(sa.select(run.c.ended_at).where(run.c.id == name)).scalar()
            forget(connection, [ended, values.get("ended_at")])
        return connection.execute(sa.update(run).where(run.c.id == name).values(values)).rowcount > 0

    def change_open(self, connection: sa.Connection, name: str, **values: Any) -> bool:
        """Set columns of a run that has not ended; False when it has, or is not there."""
        forget(connection, [values.get("ended_at")])
        return connection.execute(sa.update(run).where(run.c.id == name, _OPEN).values(values)).rowcount > 0

    def change_waiting(self, connection: sa.Connection, name: str, **values: Any) -> bool:
        """Set columns of a run that waits and that nobody drives; False when it no longer does."""
        waits = sa.and_(run.c.id == name, _WAITING, run.c.lease_owner.is_(None))
        forget(connection, [values.get("ended_at")])
        return connection.execute(sa.update(run).where(waits).values(values)).rowcount > 0

    def open(
        self,
        connection: sa.Connection,
        *,
        pipeline: str = "",
        trigger_id: int | None = None,
        backfill_id: int | None = None,
    ) -> list[RunRow]:
        """Runs that have not ended, the oldest first."""
        query = sa.select(*_COLUMNS).where(_OPEN).order_by(run.c.created_at, run.c.id)
        wanted = {"pipeline": pipeline or None, "trigger_id": trigger_id, "backfill_id": backfill_id}
        for column, value in wanted.items():
            if value is not None:
                query = query.where(run.c[column] == value)
        return rows_of(RunRow, connection.execute(query))

    def open_counts(self, connection: sa.Connection) -> list[Mapping[str, Any]]:
        """How many open runs there are by pipeline, trigger, backfill, `state`, `leased` and `waits`, as `count`.

        One waits that is under way and does not go on before another run has ended.
        """
        return [dict(line) for line in connection.execute(_open_counts()).mappings()]

    def sla_due(self, connection: sa.Connection, now: float) -> list[RunRow]:
        """Open runs that should have ended by now and have not been told of."""
        query = sa.select(*_COLUMNS).where(_OPEN, run.c.sla_at <= now, run.c.sla_missed == sa.false())
        return rows_of(RunRow, connection.execute(query))

    def next_sla(self, connection: sa.Connection) -> float | None:
        """When the first open run should have ended that has not been told of."""
        return connection.execute(_NEXT_SLA).scalar()

    def next_foreign_expiry(self, connection: sa.Connection, owner: str) -> float | None:
        """When the first lease of somebody else expires unless it is renewed."""
        return connection.execute(_NEXT_FOREIGN_EXPIRY, {"owner": owner}).scalar()

    def of_trigger(self, connection: sa.Connection, number: int, limit: int = 10) -> list[RunRow]:
        """The newest runs of a trigger, newest first."""
        query = sa.select(*_COLUMNS).where(run.c.trigger_id == number, run.c.trigger_id.is_not(None))
        query = query.order_by(run.c.created_at.desc(), run.c.id.desc()).limit(limit)
        return rows_of(RunRow, connection.execute(query))

    def of_slot(self, connection: sa.Connection, number: int, slot: float) -> list[RunRow]:
        """The runs of one slot of a trigger, in the order of `ordinal`: the first, and its retries."""
        query = sa.select(*_COLUMNS).where(run.c.trigger_id == number, run.c.slot == slot, run.c.slot.is_not(None))
        return rows_of(RunRow, connection.execute(query.order_by(run.c.ordinal)))

    def children(self, connection: sa.Connection, parent: str) -> list[RunRow]:
        """The runs that blocks of this run have started."""
        return rows_of(RunRow, connection.execute(_CHILDREN, {"name": parent}))

    def asked_for(self, connection: sa.Connection, now: float) -> list[RunRow]:
        """Runs that blocks have asked for, that may begin and that nobody drives: the oldest first."""
        return rows_of(RunRow, connection.execute(_ASKED_FOR, {"now": now}))

    def newest_completed(self, connection: sa.Connection, pipeline: str) -> RunRow | None:
        """The newest run of all blocks of a pipeline that has completed."""
        done = sa.and_(run.c.pipeline == pipeline, run.c.state == "completed", run.c.what == "all")
        query = sa.select(*_COLUMNS).where(done).order_by(run.c.created_at.desc(), run.c.id.desc())
        return row_of(RunRow, connection.execute(query.limit(1)))

    def of_backfill(self, connection: sa.Connection, number: int) -> dict[str, int]:
        """How many runs of a backfill are in each state."""
        query = sa.select(run.c.state, sa.func.count()).where(
            run.c.backfill_id == number, run.c.backfill_id.is_not(None)
        )
        return _pairs(connection.execute(query.group_by(run.c.state)))

    def record(self, connection: sa.Connection, found: Iterable[tuple[RunRow, Sequence[BlockRunRow]]]) -> set[str]:
        """Store runs that no scheduler drives, with their blocks, as their records tell them; the ids of what changed.

        A run that has ended in the store, or that a scheduler has ever claimed, stays as it is.
        """
        given = {row.id: (row, blocks) for row, blocks in found}
        there = self.many(connection, given)
        new = self.insert_many(connection, [row for name, (row, _) in given.items() if name not in there])
        changed = set(new)
        for name, known in there.items():
            row, _ = given[name]
            if known.open and known.lease_token == 0 and known != row:
                # What an open run waits for is not in its record.
                self.change(connection, name, **values_of(row, without=["id", "waiting"] if row.open else ["id"]))
                changed.add(name)
        blocks = [values_of(block) for name in changed for block in given[name][1]]
        put(connection, block_run, blocks)
        return changed

    def began(self, connection: sa.Connection, keep: int, pipeline: str = "") -> float | None:
        """When the oldest of the newest `keep` runs was made; None when there are not more than these."""
        query = sa.select(run.c.created_at).order_by(run.c.created_at.desc(), run.c.id.desc())
        if pipeline:
            query = query.where(run.c.pipeline == pipeline)
        found = connection.execute(query.offset(max(keep - 1, 0)).limit(2)).scalars().all()
        return found[0] if len(found) > 1 else None

    def ended(self, connection: sa.Connection, before: float, pipeline: str = "", limit: int = 500) -> list[str]:
        """Runs that were made before then and have ended, the oldest first."""
        query = _ended_before(sa.select(run.c.id), before, pipeline).order_by(run.c.created_at, run.c.id)
        return list(connection.execute(query.limit(limit)).scalars())

    def count_ended(self, connection: sa.Connection, before: float, pipeline: str = "") -> int:
        """How many `ended` would find without a limit."""
        return int(connection.execute(_ended_before(sa.select(sa.func.count()), before, pipeline)).scalar_one())

    def newest_ended(self, connection: sa.Connection, pipelines: Iterable[str]) -> dict[str, str]:
        """The newest run of each of these pipelines that has ended."""
        found = {name: connection.execute(_NEWEST_ENDED, {"pipeline": name}).scalar() for name in sorted(pipelines)}
        return {name: run for name, run in found.items() if run is not None}

    def came(
        self, connection: sa.Connection, pipeline: str, since: float, trigger_name: str = "", product: str = ""
    ) -> bool:
        """Whether a run of a pipeline has ended since a moment that others wait for.

        Args:
            connection: in a transaction.
            pipeline: whose runs.
            since: seconds since the epoch.
            trigger_name: only those that this trigger has started.
            product: the block whose output is waited for, whatever became of the run; "" for a run that completed.
        """
        query = sa.select(run.c.id).where(run.c.pipeline == pipeline, run.c.ended_at >= since)
        if trigger_name:
            named = sa.select(trigger.c.id).where(trigger.c.name == trigger_name)
            query = query.where(run.c.trigger_id.in_(named))
        if product:
            done = sa.exists().where(
                block_run.c.run_id == run.c.id,
                block_run.c.block == product,
                block_run.c.state.in_(sorted(state.value for state in DONE)),
            )
            query = query.where(done)
        else:
            query = query.where(run.c.state == "completed")
        return connection.execute(query.limit(1)).scalar() is not None

    def ended_since(
        self, connection: sa.Connection, since: float, after: str = "", limit: int = 500
    ) -> list[tuple[str, str, float]]:
        """Runs in the order in which they ended: id, pipeline and when; those after the run `after` of that moment."""
        later = sa.or_(run.c.ended_at > since, run.c.id > after)
        query = sa.select(run.c.id, run.c.pipeline, run.c.ended_at).where(run.c.ended_at >= since, later)
        query = query.order_by(run.c.ended_at, run.c.id).limit(limit)
        return [(name, pipeline, at) for name, pipeline, at in connection.execute(query)]

    def first_end(self, connection: sa.Connection) -> float | None:
        """When the first of the runs in the store ended."""
        query = sa.select(sa.func.min(run.c.ended_at)).where(run.c.ended_at.is_not(None))
        return connection.execute(query).scalar()

    def rename_pipeline(self, connection: sa.Connection, old: str, new: str) -> int:
        """The pipeline has another name from now on, and takes its runs along; how many. The old name is remembered."""
        remember(connection, old, new)
        count = connection.execute(sa.update(run).where(run.c.pipeline == old).values(pipeline=new)).rowcount
        if count:
            forget_all(connection)
        return count

    def names(self, connection: sa.Connection, pipeline: str) -> list[str]:
        """The names that a pipeline has had: that of now, then the others, the last one first."""
        return [pipeline, *former_names(connection, pipeline)]

    def delete(self, connection: sa.Connection, names: Iterable[str]) -> int:
        """Delete runs that have ended, with their blocks; how many."""
        wanted, count = list(names), 0
        for start in range(0, len(wanted), _CHUNK):
            chosen = sa.and_(run.c.id.in_(wanted[start : start + _CHUNK]), sa.not_(_OPEN))
            forget(connection, connection.execute(sa.select(run.c.ended_at).where(chosen)).scalars().all())
            count += connection.execute(sa.delete(run).where(chosen)).rowcount
        return count


def _pairs(found: Iterable[Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in found}


def _ended_before(query: sa.Select[Any], before: float, pipeline: str) -> sa.Select[Any]:
    query = query.select_from(run).where(run.c.created_at < before, sa.not_(_OPEN))
    return query.where(run.c.pipeline == pipeline) if pipeline else query


@lru_cache(maxsize=16)
def _waiting(limit: int, *, one: bool, but: bool) -> sa.Select[Any]:
    query = sa.select(*_COLUMNS).where(_WAITING, run.c.due_at <= _NOW, _FREE)
    if one:
        query = query.where(run.c.pipeline == sa.bindparam("pipeline"))
    if but:
        left_out = run.c.trigger_id.in_(sa.bindparam("but_of", expanding=True))
        query = query.where(sa.or_(run.c.trigger_id.is_(None), sa.not_(left_out)))
    query = query.order_by(run.c.priority.desc(), run.c.due_at, run.c.created_at, run.c.id).limit(limit)
    return locking(query, run, skip=True)


@lru_cache(maxsize=4)
def _lost(limit: int) -> sa.Select[Any]:
    return locking(sa.select(*_COLUMNS).where(_LEASED, run.c.lease_until < _NOW, _OPEN).limit(limit), run, skip=True)


@lru_cache(maxsize=8)
def _claim(columns: tuple[str, ...], *, dead: bool) -> Any:
    free = run.c.lease_token == sa.bindparam("over") if dead else _FREE
    taken = {"lease_owner": _OWNER, "lease_token": run.c.lease_token + 1, "lease_until": sa.bindparam("until")}
    taken |= {column: sa.bindparam(f"to_{column}") for column in columns}
    return sa.update(run).where(run.c.id == _NAME, _OPEN, free).values(taken).returning(run.c.lease_token)


@lru_cache(maxsize=64)
def _write(columns: tuple[str, ...]) -> sa.Update:
    held = sa.and_(run.c.id == _NAME, run.c.lease_token == sa.bindparam("token"), run.c.lease_owner.is_not(None))
    return sa.update(run).where(held).values({column: sa.bindparam(f"to_{column}") for column in columns})


@lru_cache(maxsize=1)
def _open_counts() -> sa.Select[Any]:
    groups = (run.c.pipeline, run.c.trigger_id, run.c.backfill_id, run.c.state)
    leased = sa.case((_LEASED, 1), else_=0).label("leased")
    waits = sa.case((sa.and_(run.c.state == "running", run.c.waiting.is_not(None)), 1), else_=0).label("waits")
    query = sa.select(*groups, leased, waits, sa.func.count().label("count")).where(_OPEN)
    return query.group_by(*groups, leased, waits)
