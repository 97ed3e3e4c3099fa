"""Queries on the blocks of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from penstock.state.rows import BlockRunRow
from penstock.state.statements import columns_of, put, row_of, rows_of, values_of
from penstock.state.tables import block_run

_COLUMNS = columns_of(block_run, BlockRunRow)
_OF_RUN = sa.select(*_COLUMNS).where(block_run.c.run_id == sa.bindparam("name"))
_IN_ORDER = _OF_RUN.order_by(block_run.c.position, block_run.c.block)
_ONE = _OF_RUN.where(block_run.c.block == sa.bindparam("one"))


class BlockRuns:
    """Blocks of runs. Who writes for the driver of a run asks `runs.fence` first, in the same transaction."""

    def put(self, connection: sa.Connection, rows: Iterable[BlockRunRow]) -> None:
        """Insert block runs, or replace those of the same run and block."""
        put(connection, block_run, [values_of(row) for row in rows])

    def of_run(self, connection: sa.Connection, name: str) -> list[BlockRunRow]:
        """The blocks of a run, in their order."""
        return rows_of(BlockRunRow, connection.execute(_IN_ORDER, {"name": name}))

    def get(self, connection: sa.Connection, name: str, block: str) -> BlockRunRow | None:
        """One block of a run."""
        return row_of(BlockRunRow, connection.execute(_ONE, {"name": name, "one": block}))

    def delete(self, connection: sa.Connection, name: str, blocks: Sequence[str] = ()) -> int:
        """Delete blocks of a run, all of them unless some are named; how many."""
        statement = sa.delete(block_run).where(block_run.c.run_id == name)
        if blocks:
            statement = statement.where(block_run.c.block.in_(blocks))
        return connection.execute(statement).rowcount
