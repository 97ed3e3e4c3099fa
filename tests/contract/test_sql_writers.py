"""Several writers of one PostgreSQL: who replaces or makes a table does it alone, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest

from penstock.connect.postgres.opening import Settings
from penstock.connect.postgres.system import PostgresSystem
from penstock.connect.sql.names import Target
from penstock.connect.sql.system import SqlSystem
from penstock.connect.sql.write import IfExists, WritePlan, write_query, write_table
from tests.patience import PATIENCE
from tests.servers import PostgresServer

T = Target("things")
APPEND, REPLACE = WritePlan(if_exists=IfExists.APPEND), WritePlan(if_exists=IfExists.REPLACE)


def values(system: SqlSystem, target: Target = T) -> list[int]:
    return system.query(f"SELECT a FROM {target.sql} ORDER BY a").table["a"].to_pylist()


class Writers:
    """Two connections to one PostgreSQL: what the second does in a thread begins while the first has not committed."""

    def __init__(self, settings: Settings) -> None:
        self.waiting = threading.Event()
        self.first = PostgresSystem(settings)
        self.second = PostgresSystem(settings, lambda _: self.waiting.set())

    def meanwhile(self, first: Callable[[SqlSystem], None], second: Callable[[SqlSystem], None]) -> None:
        with ThreadPoolExecutor() as threads:
            with self.first.transaction():
                first(self.first)
                other = threads.submit(second, self.second)
                other.add_done_callback(lambda _: self.waiting.set())
                assert self.waiting.wait(PATIENCE)
                assert not other.done()
            other.result(PATIENCE)


@pytest.fixture
def writers(postgres_server: PostgresServer, postgres_database: str) -> Iterator[Writers]:
    settings = Settings(
        postgres_database, postgres_server.user, "not-a-secret", postgres_server.host, postgres_server.port
    )
    pair = Writers(settings)
    with pair.first, pair.second:
        yield pair


def by_frame(value: int, target: Target, plan: WritePlan) -> Callable[[SqlSystem], None]:
    return lambda system: write_table(system, pa.table({"a": [value] * 3}), target, plan)


def by_query(value: int, target: Target, plan: WritePlan) -> Callable[[SqlSystem], None]:
    return lambda system: write_query(system, f"SELECT {value} AS a FROM generate_series(1, 3)", target, plan)


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("target", [T, Target("things", "a new schema")])
@pytest.mark.parametrize("writer", [by_frame, by_query])
def test_of_two_that_replace_at_once_one_stays(writers: Writers, writer: Any, target: Target, *, there: bool) -> None:
    if there:
        writer(0, target, REPLACE)(writers.first)
    writers.meanwhile(writer(1, target, REPLACE), writer(2, target, REPLACE))
    assert values(writers.first, target) == [2] * 3


@pytest.mark.parametrize("writer", [by_frame, by_query])
def test_of_two_that_append_to_a_new_table_one_makes_it(writers: Writers, writer: Any) -> None:
    writers.meanwhile(writer(1, T, APPEND), writer(2, T, APPEND))
    assert values(writers.first) == [1] * 3 + [2] * 3


@pytest.mark.parametrize("writer", [by_frame, by_query])
def test_those_that_append_to_a_table_do_not_wait_for_each_other(writers: Writers, writer: Any) -> None:
    writer(0, T, REPLACE)(writers.first)
    writers.second.run("SET lock_timeout = '60s'")
    with writers.first.transaction():
        writer(1, T, APPEND)(writers.first)
        writer(2, T, APPEND)(writers.second)
    assert not writers.waiting.is_set()
    assert values(writers.first) == [0] * 3 + [1] * 3 + [2] * 3


def test_tables_are_held_in_one_order(writers: Writers) -> None:
    one, two = Target("one"), Target("two", "public")
    writers.meanwhile(lambda system: system.hold([one, two]), lambda system: system.hold([two, one]))
    writers.second.rollback()
    writers.meanwhile(
        lambda system: system.hold([one]), lambda system: system.hold([], beside=[Target("one", "public")])
    )
