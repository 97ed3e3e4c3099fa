"""Counts the runs that schedulers of other processes drive, for the numbers of a server that has none of its own.

Nothing is asked while nobody asks for the numbers: each look counts from the store what has ended since the last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from penstock.observe.metrics import LONG, Metrics
from penstock.state import monitoring

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

_AT_ONCE = 10_000
"""Runs that one look counts; the next one goes on."""
_BACK = 120.0
"""Seconds that each look goes back: ends are written after their moment, by clocks of other machines."""
_CHUNK = 500


class EndsElsewhere:
    """Runs that have ended since this was made, each counted once. Safe in any thread.

    Args:
        state: the store.
        metrics: where they are counted.
        clock: seconds since the epoch.
    """

    def __init__(self, state: State, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._state = state
        self._metrics = metrics
        self._clock = clock
        self._since = clock()
        self._known: dict[tuple[str, float], None] = {}
        self._lock = threading.Lock()

    def count(self) -> None:
        """Count what has ended since the last look. Raises StateUnavailableError."""
        with self._lock, self._state.read() as connection:
            now, limit = self._clock(), _AT_ONCE + len(self._known)
            found = monitoring.driven_ends(connection, self._since, limit)
            new = [row for row in found if (row.id, row.ended_at) not in self._known]
            blocks = self._blocks(connection, [row.id for row in new])
            for row in new:
                self._run(row)
                self._known[row.id, row.ended_at] = None
            for line in blocks:
                self._block(line)
            until = min(now, found[-1].ended_at) if len(found) == limit else now
            self._since = max(self._since, until - _BACK)
            self._known = {each: None for each in self._known if each[1] >= self._since}

    def _blocks(self, connection: sa.Connection, runs: list[str]) -> list[Any]:
        chunks = (runs[at : at + _CHUNK] for at in range(0, len(runs), _CHUNK))
        return [line for chunk in chunks for line in monitoring.block_ends(connection, chunk, LONG)]

    def _run(self, row: Any) -> None:
        count, time = self._metrics.count, self._metrics.time
        count("penstock_runs_ended_total", state=row.state, origin=row.origin)
        count("penstock_pipeline_runs_ended_total", pipeline=row.pipeline, state=row.state)
        if row.seconds is not None:
            time("penstock_run_seconds", row.seconds, state=row.state)
        if row.late is not None:
            time("penstock_run_wait_seconds", max(0.0, row.late))

    def _block(self, line: Any) -> None:
        count = self._metrics.count
        count("penstock_block_runs_ended_total", line.count, state=line.state)
        if line.begun:
            self._metrics.time("penstock_block_seconds", line.seconds / line.begun, line.begun, state=line.state)
        if line.rows:
            count("penstock_rows_written_total", float(line.rows))
        if line.cpu:
            count("penstock_block_cpu_seconds_total", line.cpu)
        if line.retries:
            count("penstock_block_retries_total", float(line.retries))
