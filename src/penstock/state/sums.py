"""What runs that ended in a span of time add up to, kept so that years of runs are a few rows to read.

A row is a memory of what the table of runs would answer, and nothing else: whoever changes a run that ended in an hour
that may have been added up forgets that hour, and the spans that hold it, in the same transaction. Spans that are not
there are added up anew by whoever asks next.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from penstock.state.statements import locking, or_nothing, put, unless_there
from penstock.state.tables import meta, sums

HOUR = 3600
SPANS = (1, 24, 192, 1536)
"""Hours of an hour, a day, eight days and sixty-four; each begins at a multiple of itself since the epoch."""
GRACE = 300.0
"""Seconds after an hour until it is added up: clocks of machines differ, and a transaction takes a moment."""

_STAMP = "sums.stamp"
_CHUNK = 400


class Sum(NamedTuple):
    """What the runs that ended in a span add up to, as texts that `observe.sums` makes."""

    span: int
    since: int
    total: str
    pipelines: str
    failures: str


_COLUMNS = [sums.c[name] for name in Sum._fields]


class Sums:
    """Sums, by how many hours a span has and by the hour since the epoch at which it begins."""

    def stamp(self, connection: sa.Connection) -> str:
        """A text that is another one whenever something was forgotten."""
        return str(connection.execute(sa.select(meta.c.value).where(meta.c.key == _STAMP)).scalar() or "")

    def totals(self, connection: sa.Connection, span: int, sinces: Sequence[int]) -> dict[int, str]:
        """The totals of those spans that are there, by where they begin."""
        return {row[0]: row[1] for row in self._read(connection, [sums.c.since, sums.c.total], span, sinces)}

    def known(self, connection: sa.Connection, span: int, sinces: Sequence[int]) -> dict[int, Sum]:
        """Those spans that are there, by where they begin."""
        return {row[1]: Sum._make(row) for row in self._read(connection, _COLUMNS, span, sinces)}

    def _read(
        self, connection: sa.Connection, columns: Sequence[sa.Column[Any]], span: int, sinces: Sequence[int]
    ) -> Iterable[Any]:
        for start in range(0, len(sinces), _CHUNK):
            wanted = sums.c.since.in_(sinces[start : start + _CHUNK])
            yield from connection.execute(sa.select(*columns).where(sums.c.span == span, wanted))

    def keep(self, connection: sa.Connection, stamp: str, rows: Sequence[Sum]) -> bool:
        """Keep what was added up; False when something was forgotten since the stamp was read, and nothing was kept.

        Args:
            connection: in a transaction that writes.
            stamp: as it was in, or before, the transaction in which the runs were read.
            rows: what they add up to.
        """
        now = connection.execute(locking(sa.select(meta.c.value).where(meta.c.key == _STAMP), meta)).scalar()
        if str(now or "") != stamp:
            return False
        for row in rows:
            values = row._asdict()
            if connection.dialect.name == "mssql":
                connection.execute(unless_there(sums, values, (("span", "since"),)))
            else:
                connection.execute(or_nothing(connection.dialect.name, sums), values)
        return True

    def begin(self, connection: sa.Connection, now: float) -> str:
        """The stamp, made if there is none; forgets spans that have not ended, which a clock set back leaves."""
        ended = sums.c.since + sums.c.span <= int((now - GRACE) // HOUR)
        gone = connection.execute(sa.delete(sums).where(sa.not_(ended))).rowcount
        if gone or not self.stamp(connection):
            _renew(connection)
        return self.stamp(connection)

    def drop(self, connection: sa.Connection, span: int, before: int) -> int:
        """Remove the spans of that many hours that began before that hour; how many."""
        return connection.execute(sa.delete(sums).where(sums.c.span == span, sums.c.since < before)).rowcount


def forget(connection: sa.Connection, moments: Iterable[float | None]) -> None:
    """Forget what holds runs that ended at these moments, in the transaction that changes them.

    What ends in the hour that is under way, as nearly every run does, has not been added up, and costs nothing.
    """
    now = time.time()
    open_since = now - now % HOUR
    hours = {int(at // HOUR) for at in moments if at is not None and not open_since <= at <= now + GRACE}
    if not hours:
        return
    _renew(connection)
    for span in SPANS:
        sinces = sorted({hour - hour % span for hour in hours})
        for start in range(0, len(sinces), _CHUNK):
            chosen = sums.c.since.in_(sinces[start : start + _CHUNK])
            connection.execute(sa.delete(sums).where(sums.c.span == span, chosen))


def forget_all(connection: sa.Connection) -> None:
    """Forget everything, such as when a pipeline has another name."""
    _renew(connection)
    connection.execute(sa.delete(sums))


def _renew(connection: sa.Connection) -> None:
    # First of all, so that who has added up in the meantime, and keeps it before this commits, is waited for.
    put(connection, meta, [{"key": _STAMP, "value": uuid.uuid4().hex}])
