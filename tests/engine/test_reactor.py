"""Descriptors, deadlines and what is to happen soon, in one thread."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable

import pytest

from penstock.engine.reactor import Reactor
from tests.engine.conftest import Bench, body
from tests.patience import PATIENCE


def test_deadlines_fire_once_in_any_order_and_can_be_replaced() -> None:
    reactor = Reactor()
    fired: list[str] = []
    now = time.monotonic()
    reactor.at("a", now - 1, lambda: fired.append("a"))
    reactor.at("b", now + 3600, lambda: fired.append("b"))
    reactor.at("c", now - 1, lambda: fired.append("never"))
    reactor.at("c", now - 1, lambda: fired.append("c"))
    reactor.at("d", now - 1, lambda: fired.append("never"))
    reactor.cancel("d")
    reactor.turn(10)
    reactor.turn(0)
    assert sorted(fired) == ["a", "c"]
    assert reactor.deadline() == now + 3600
    reactor.close()


def test_what_one_deadline_puts_off_does_not_fire_with_it() -> None:
    reactor = Reactor()
    fired: list[str] = []
    now = time.monotonic()
    reactor.at("a", now - 1, lambda: reactor.at("b", now + 3600, lambda: fired.append("b")))
    reactor.at("b", now - 1, lambda: fired.append("b"))
    reactor.turn(0)
    assert fired == []
    assert reactor.deadline() == now + 3600
    reactor.close()


def test_what_is_due_soon_does_not_wait() -> None:
    reactor = Reactor()
    done: list[int] = []
    reactor.soon(lambda: done.append(1))
    assert reactor.deadline() is not None
    reactor.turn(3600)
    assert done == [1]
    reactor.close()


def test_a_source_that_is_forgotten_in_the_same_turn_is_not_called() -> None:
    reactor = Reactor()
    pairs = [socket.socketpair() for _ in range(2)]
    called: list[int] = []

    def on_readable(index: int) -> Callable[[], None]:
        def read() -> None:
            called.append(index)
            for ours, _ in pairs:
                reactor.forget(ours)

        return read

    for index, (ours, theirs) in enumerate(pairs):
        reactor.on_readable(ours, on_readable(index))
        theirs.send(b"x")
    reactor.turn(10)
    assert len(called) == 1
    reactor.close()
    for pair in pairs:
        for end in pair:
            end.close()


def test_what_is_due_in_a_thousand_years_keeps_nobody_from_waiting_until_then() -> None:
    reactor = Reactor()
    ours, theirs = socket.socketpair()
    heard: list[bytes] = []
    with ours, theirs:
        reactor.on_readable(ours, lambda: heard.append(ours.recv(1)))
        reactor.at("late", time.monotonic() + 3e10, lambda: heard.append(b"late"))
        theirs.send(b"x")
        assert reactor.wait(1e12)
        reactor.turn(1e12)
        reactor.forget(ours)
    reactor.close()
    assert heard == [b"x"]


@pytest.mark.skipif(os.name == "nt", reason="select has no descriptor of its own there")
def test_an_event_loop_can_drive_a_supervisor(bench: Bench) -> None:
    async def drive() -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def pump() -> None:
            bench.supervisor.poll(0)
            if seen.attempt is not None and seen.attempt.ended is not None:
                ended.set()

        seen = bench.launch(bench.order(body("print('hello')\nreturn 1")))
        loop.add_reader(bench.supervisor.fileno(), pump)
        try:
            await asyncio.wait_for(ended.wait(), PATIENCE)
        finally:
            loop.remove_reader(bench.supervisor.fileno())
        assert seen.ended.failure is None

    asyncio.run(drive())


def test_importing_the_supervisor_is_light() -> None:
    import subprocess

    code = "import sys; import penstock.engine.supervisor; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    heavy = {"pandas", "numpy", "pyarrow", "duckdb", "psutil", "asyncio", "subprocess", "multiprocessing", "ctypes"}
    assert heavy & set(done.stdout.split()) == set()
