"""A block has ended when its process has closed all that it had open, though its memory is still to go."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from penstock.engine.events import Ended
from penstock.engine.process import Exit, WorkerProcess
from tests.engine.conftest import Bench, body, is_alive


def test_the_end_of_a_process_is_not_waited_for(forked: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[tuple[WorkerProcess, Exit]] = []
    tell = WorkerProcess.exited
    monkeypatch.setattr(WorkerProcess, "exited", lambda process, end: ends.append((process, end)))
    seen = forked.run(body("print('hello')\nreturn 1"))
    process = seen.attempt.process
    assert seen.ended.failure is None
    assert seen.text() == "hello\n"
    assert forked.value(seen) == 1
    assert (process.exit, process.attempt) == (None, None)
    forked.until(lambda: process in [ended for ended, _ in ends])
    assert not is_alive(seen.attempt.pid)
    for ended, end in ends:
        tell(ended, end)
    assert process not in forked.supervisor._processes
    assert len(seen.of(Ended)) == 1


def test_what_a_block_has_locked_is_free_when_it_has_ended(forked: Bench) -> None:
    code = """
    import fcntl, os, socket
    import builtins
    file = open(kwargs['file'], 'w')
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    listener = socket.socket()
    listener.bind(('127.0.0.1', kwargs['port']))
    listener.listen()
    builtins.kept = (file, listener, bytearray(300_000_000))
    return listener.getsockname()[1]
    """
    lock = str(forked.project / "lock")
    port = 0
    for _ in range(3):
        seen = forked.run(body(code), variables={"file": lock, "port": port})
        assert seen.ended.failure is None
        port = forked.value(seen)


def test_a_block_that_leaves_a_child_ends_with_its_process(forked: Bench) -> None:
    code = """
    import subprocess
    child = subprocess.Popen(['sleep', '600'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return child.pid
    """
    seen = forked.run(body(code))
    assert seen.attempt.process.exit is not None
    assert not is_alive(forked.value(seen))


def test_a_process_of_many_blocks_frees_what_each_has_made(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(mode="fork")
    code = """
    import builtins, weakref
    class Thing: pass
    before = getattr(builtins, 'seen', None)
    thing = Thing()
    builtins.seen = weakref.ref(thing)
    print('freed' if before is not None and before() is None else 'first')
    return 1
    """
    first = bench.run(body(code), keep=True)
    second = bench.run(body(code), reuse=first.attempt)
    assert (first.text(), second.text()) == ("first\n", "freed\n")
