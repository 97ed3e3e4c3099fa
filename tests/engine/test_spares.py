"""Processes that wait for an order: what they have loaded, and which order takes which."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from penstock.engine import spares
from penstock.engine.needs import NEEDS_BY_LANGUAGE
from penstock.model.messages import BlockOrder
from tests.engine.conftest import Bench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="libraries are imported ahead where fork is to be had")

PYTHON = "@custom\ndef run(*args, **kwargs):\n    import os\n    return os.getpid()\n"


def in_sql(bench: Bench) -> list[int | None]:
    """The processes with a database open, by number; None until one has come up."""
    return [spare.pid for spare in bench.supervisor._spares.ready if spare.in_sql]


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    bench = make_bench(preload=sorted(NEEDS_BY_LANGUAGE["sql"]))
    bench.until(lambda: NEEDS_BY_LANGUAGE["sql"] <= bench.supervisor._launcher.tried())
    return bench


def test_a_block_in_sql_takes_the_process_with_a_database_open(bench: Bench) -> None:
    assert not in_sql(bench)
    bench.supervisor.expect_sql(2)
    bench.until(lambda: in_sql(bench) and in_sql(bench)[0] is not None)
    (ready,) = in_sql(bench)
    first = bench.run("SELECT 1 AS one", language="sql", kind="transformer")
    assert first.attempt is not None
    assert first.attempt.process.pid == ready
    assert bench.value(first).to_dict("list") == {"one": [1]}
    assert len(in_sql(bench)) == 1  # the second order that was announced
    second = bench.run("SELECT 2 AS two", language="sql", kind="transformer")
    assert bench.value(second).to_dict("list") == {"two": [2]}
    assert not in_sql(bench)


def test_a_block_in_python_leaves_it_and_what_does_not_come_gives_it_up(bench: Bench) -> None:
    bench.supervisor.expect_sql(1)
    bench.until(lambda: in_sql(bench) and in_sql(bench)[0] is not None)
    (ready,) = in_sql(bench)
    assert bench.value(bench.run(PYTHON)) != ready
    assert in_sql(bench) == [ready]
    bench.supervisor.expect_sql(-1)
    assert not in_sql(bench)
    bench.supervisor.expect_sql(-5)
    assert bench.value(bench.run("SELECT 3 AS x", language="sql", kind="transformer")).to_dict("list") == {"x": [3]}


def test_spares_are_renewed_once_everything_is_imported(bench: Bench) -> None:
    (spare,) = bench.supervisor._spares.ready
    assert NEEDS_BY_LANGUAGE["sql"] <= spare.imports


def plain(bench: Bench) -> list[int | None]:
    """The processes that wait for any order in Python, by number; None until one has come up."""
    return [spare.pid for spare in bench.supervisor._spares.ready if not spare.in_sql]


def child(source: str = PYTHON) -> BlockOrder:
    return BlockOrder("child", "child", "custom", "python", None, source, (), {})


def test_processes_of_orders_that_are_about_to_come_are_up_before_them(bench: Bench) -> None:
    bench.supervisor.expect(child(), 3)
    bench.until(lambda: len(plain(bench)) == 4 and None not in plain(bench))
    ready = plain(bench)
    taken = [bench.value(bench.run(PYTHON)) for _ in range(3)]
    assert taken == ready[:3]
    assert len(plain(bench)) == 1  # one is kept for the next order, as ever
    assert plain(bench) == ready[3:]


def test_processes_of_orders_that_do_not_come_are_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spares, "COMING_PATIENCE", 0.01)
    bench.supervisor.expect(child(), 3)
    assert len(plain(bench)) == 4
    bench.until(lambda: len(plain(bench)) == 1)


def test_nothing_comes_up_for_a_block_whose_libraries_are_not_there_yet(bench: Bench) -> None:
    bench.supervisor.expect(child("import library_that_is_not_there\n" + PYTHON), 3)
    assert len(plain(bench)) == 1


def test_the_first_block_after_a_rest_begins_before_the_next_process_is_made(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spares, "REST", 0.0)
    monkeypatch.setattr(spares, "BREATH", 3600.0)
    bench.run(PYTHON)
    assert plain(bench) == []
    monkeypatch.setattr(spares, "REST", 3600.0)
    bench.run(PYTHON)
    assert len(plain(bench)) == 1  # of the second one at once
    monkeypatch.setattr(spares, "REST", 0.0)
    monkeypatch.setattr(spares, "BREATH", 0.001)
    bench.run(PYTHON)
    bench.until(lambda: len(plain(bench)) == 1)
