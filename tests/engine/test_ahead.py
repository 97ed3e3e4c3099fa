"""Orders that lie ready for a process: who has which, and whose output is whose."""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.ahead import MARK_BYTES, ORDER_LIMIT, Ahead, Taker
from penstock.engine.channel import TO_WORKER, WorkerChannel
from penstock.engine.interrupts import Interrupts
from penstock.engine.worker import WorkServer
from penstock.model.messages import Shutdown

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orders lie ready where fork is to be had")


def attempt(text: bytes) -> Any:
    return SimpleNamespace(frames=text, mark=b"")


class Lane:
    """Both sides of one process."""

    def __init__(self, *orders: bytes) -> None:
        self.ahead: Ahead[Any] = Ahead()
        self.marks, self.stream = os.pipe()
        null = os.open(os.devnull, os.O_WRONLY)
        self._open = (self.marks, self.stream, null)
        self.worker = socket.socket(fileno=self.ahead.open())
        self.taker = Taker(self.worker, (self.stream, null))
        self.attempts = [attempt(order) for order in orders]
        for each in self.attempts:
            assert self.ahead.put(each)

    def take(self) -> tuple[bytes, bytes] | None:
        """The mark that the worker has written, and the order that it has taken."""
        frame = self.taker.take()
        if frame is None:
            return None
        ready = select.select([self.marks], [], [], 0)[0]
        return os.read(self.marks, 1000) if ready else b"", frame

    def taken(self) -> list[tuple[bytes, bytes]]:
        found = []
        while (one := self.take()) is not None:
            found.append(one)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ahead.close()
        self.worker.close()
        for descriptor in self._open:
            os.close(descriptor)


def test_what_the_worker_has_taken_is_not_taken_back() -> None:
    with Lane(b"one", b"two", b"three") as lane:
        first = lane.take()
        assert first is not None
        assert first[1] == b"one"
        assert lane.ahead.take_back() == lane.attempts[1:]
        assert lane.take() is None
        assert list(lane.ahead.line) == lane.attempts[:1]
        assert lane.ahead.after(lane.attempts[0]) is None
        assert not lane.ahead.take_back()


def test_what_comes_after_an_order_is_the_next_of_the_line() -> None:
    with Lane(b"one", b"two") as lane:
        assert lane.ahead.after(lane.attempts[0]) is lane.attempts[1]
        assert lane.ahead.after(lane.attempts[1]) is None
        assert lane.ahead.put(again := attempt(b"again"))
        assert list(lane.ahead.line) == [again]


def test_each_order_is_taken_by_one_while_both_sides_take() -> None:
    orders = [b"%d" % number for number in range(8)]
    met = 0
    for _ in range(3000):
        with Lane(*orders) as lane:
            out, into = os.pipe()
            child = os.fork()
            if child == 0:  # the worker takes as fast as it can
                os.write(into, b"up")
                os.write(into, b" ".join(order for _, order in lane.taken()))
                os._exit(0)
            os.close(into)
            os.read(out, 2)
            back = [attempt.frames for attempt in lane.ahead.take_back()]
            os.waitpid(child, 0)
            taken = os.read(out, 1000).split()
            os.close(out)
            assert sorted(back + taken) == orders
            assert [attempt.frames for attempt in lane.ahead.line] == taken  # it is at the last of these at most
            met += bool(back and taken)
            if met == 20:
                break


def test_an_order_that_is_too_large_or_for_which_there_is_no_room_is_refused() -> None:
    with Lane() as lane:
        assert not lane.ahead.put(attempt(b"x" * (ORDER_LIMIT + 1)))
        assert lane.ahead.put(attempt(b"x" * ORDER_LIMIT))
        put = 1
        while lane.ahead.put(attempt(b"x" * ORDER_LIMIT)):
            put += 1
        assert len(lane.taken()) == put
        assert not Ahead().put(attempt(b"x"))  # where there is no such socket


def test_a_mark_waits_for_room_in_a_pipe_that_user_code_has_made_non_blocking() -> None:
    with Lane(b"one", b"two") as lane:
        assert lane.take() == (b"", b"one")
        os.set_blocking(lane.stream, False)
        with suppress(BlockingIOError):
            while True:
                os.write(lane.stream, b"x" * 4096)
        reader = threading.Timer(0.1, lambda: os.read(lane.marks, 8192))
        reader.start()
        taken = lane.taker.take()
        reader.join()
        assert taken == b"two"


def test_what_is_taken_back_after_its_end_was_told_is_passed_over() -> None:
    with Lane(b"one", b"two", b"three") as lane:
        lane.ahead.after(lane.attempts[0])  # a process that says so without having taken it
        assert lane.ahead.take_back() == lane.attempts[1:]


def test_a_worker_that_warms_up_stops_for_an_order_that_lies_ready() -> None:
    steps: list[int] = []

    def warm_up() -> Iterator[None]:
        for step in range(9):
            steps.append(step)
            yield

    ours, theirs = socket.socketpair()
    with ours, theirs, Lane(TO_WORKER.encode(Shutdown())) as lane:
        WorkServer(WorkerChannel(theirs), Interrupts(), lane.taker).serve(warm_up)
    assert steps == [0]


def test_the_worker_hears_that_the_supervisor_is_gone() -> None:
    with Lane() as lane:
        lane.ahead.close()
        with pytest.raises(ConnectionResetError):
            lane.take()


texts = st.lists(st.one_of(st.binary(max_size=8), st.just(b"\0"), st.just(b"\0\0")), min_size=1, max_size=5)


@given(texts=texts, cuts=st.lists(st.integers(1, 9), max_size=40))
def test_output_is_that_of_the_order_behind_whose_mark_it_stands(texts: list[bytes], cuts: list[int]) -> None:
    with Lane(*(b"%d" % number for number in range(len(texts)))) as lane:
        marks = [mark for mark, _ in lane.taken()]
        stream = b"".join(mark + text for mark, text in zip(marks, texts, strict=True))
        speakers = [None, *lane.attempts[1:]]  # the first is behind no other: it is what the process is at
        found: dict[int, bytes] = {}
        at = 0
        for size in [*cuts, len(stream)]:
            for speaker, text in lane.ahead.split("stdout", stream[at : at + size]):
                found[id(speaker)] = found.get(id(speaker), b"") + text
            at += size
        assert not lane.ahead.rest("stdout", lane.attempts[-1])
        found = {speaker: text for speaker, text in found.items() if text}
        assert found == {id(who): text for who, text in zip(speakers, texts, strict=True) if text}


def test_what_only_begins_like_a_mark_is_output() -> None:
    with Lane(b"one", b"two", b"three") as lane:
        (none, _), (second, _), (third, _) = lane.taken()
        _, two, three = lane.attempts
        assert none == b""
        assert len(second) == MARK_BYTES
        assert lane.ahead.split("stderr", b"text" + second[:5]) == [(None, b"text")]
        assert lane.ahead.split("stderr", b"no") == [(None, second[:5] + b"no")]
        assert lane.ahead.split("stderr", second + b"more" + third[:3]) == [(two, b"more")]
        assert lane.ahead.rest("stderr", three) == b""
        assert lane.ahead.rest("stderr", two) == third[:3]
        assert lane.ahead.split("stderr", third + b"last") == [(three, b"last")]


def test_the_mark_of_an_order_that_was_taken_back_is_not_waited_for() -> None:
    with Lane(b"one", b"two") as lane:
        assert lane.take() == (b"", b"one")
        lane.ahead.take_back()
        assert lane.ahead.put(third := attempt(b"three"))
        ((mark, _),) = lane.taken()
        assert lane.ahead.split("stdout", b"a\n" + mark + b"c\n") == [(None, b"a\n"), (third, b"c\n")]
        lane.ahead.sent()
        assert lane.ahead.split("stdout", b"of the channel") == [(None, b"of the channel")]


def test_one_that_was_taken_back_from_an_idle_process_takes_no_mark_of_another_along() -> None:
    with Lane(b"one", b"two") as lane:
        assert lane.ahead.take_back() == lane.attempts
        for each in lane.attempts:
            assert lane.ahead.put(each)
        marks = [mark for mark, _ in lane.taken()]
        assert marks[0] == b""
        assert lane.ahead.split("stdout", b"a" + marks[1] + b"b") == [(None, b"a"), (lane.attempts[1], b"b")]
