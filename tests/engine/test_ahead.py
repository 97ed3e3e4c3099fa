"""Orders that lie ready for a process: who has which, and whose output is whose."""

from __future__ import annotations

import os
import socket
import sys
from types import SimpleNamespace
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.ahead import MARK_BYTES, ORDER_LIMIT, Ahead, Taker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orders lie ready where fork is to be had")


def attempt(text: bytes) -> Any:
    return SimpleNamespace(frames=text, ended=None)


class Lane:
    """Both sides of one process."""

    def __init__(self, *orders: bytes) -> None:
        self.ahead: Ahead[Any] = Ahead()
        self._marks, stream = os.pipe()
        null = os.open(os.devnull, os.O_WRONLY)
        self._open = (self._marks, stream, null)
        self.worker = socket.socket(fileno=self.ahead.open())
        self._taker = Taker(self.worker, (stream, null))
        self.attempts = [attempt(order) for order in orders]
        for each in self.attempts:
            assert self.ahead.put(each)

    def take(self) -> tuple[bytes, bytes] | None:
        """The mark that the worker has written, and the order that it has taken."""
        frame = self._taker.take()
        return None if frame is None else (os.read(self._marks, 1000), frame)

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


def test_each_order_is_taken_once_while_both_sides_take() -> None:
    orders = [b"%d" % number for number in range(60)]
    with Lane(*orders) as lane:
        child = os.fork()
        if child == 0:  # the worker takes as fast as it can
            count = 0
            while lane.take() is not None:
                count += 1
            os._exit(count)
        back = lane.ahead.take_back()
        taken = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert back == lane.attempts[len(orders) - len(back) :]
        assert taken + len(back) == len(orders)


def test_an_order_that_is_too_large_or_for_which_there_is_no_room_is_refused() -> None:
    with Lane() as lane:
        assert not lane.ahead.put(attempt(b"x" * (ORDER_LIMIT + 1)))
        assert lane.ahead.put(attempt(b"x" * ORDER_LIMIT))
        put = 1
        while lane.ahead.put(attempt(b"x" * ORDER_LIMIT)):
            put += 1
        assert len(lane.taken()) == put
        assert not Ahead().put(attempt(b"x"))  # where there is no such socket


def test_the_worker_hears_that_the_supervisor_is_gone() -> None:
    with Lane() as lane:
        lane.ahead.close()
        with pytest.raises(ConnectionResetError):
            lane.take()


texts = st.lists(st.one_of(st.binary(max_size=8), st.just(b"\0"), st.just(b"\0\0")), min_size=1, max_size=5)


@given(texts=texts, cuts=st.lists(st.integers(1, 9), max_size=40), direct=st.booleans())
def test_output_is_that_of_the_order_behind_whose_mark_it_stands(
    texts: list[bytes], cuts: list[int], *, direct: bool
) -> None:
    orders = [b"%d" % number for number in range(len(texts) - direct)]
    with Lane(*orders) as lane:
        marks = [b"", *(mark for mark, _ in lane.taken())] if direct else [mark for mark, _ in lane.taken()]
        speakers = [None, *lane.attempts] if direct else lane.attempts
        stream = b"".join(mark + text for mark, text in zip(marks, texts, strict=True))
        found: dict[int, bytes] = {}
        at = 0
        for size in [*cuts, len(stream)]:
            for speaker, text in lane.ahead.split("stdout", stream[at : at + size]):
                found[id(speaker)] = found.get(id(speaker), b"") + text
            at += size
        assert not lane.ahead.rest("stdout")
        found = {speaker: text for speaker, text in found.items() if text}
    assert found == {id(who): text for who, text in zip(speakers, texts, strict=True) if text}


def test_what_only_begins_like_a_mark_is_output() -> None:
    with Lane(b"one", b"two") as lane:
        (first, _), (second, _) = lane.taken()
        one, two = lane.attempts
        assert len(first) == MARK_BYTES
        assert lane.ahead.split("stderr", first + b"text" + second[:5]) == [(one, b"text")]
        assert lane.ahead.split("stderr", b"no") == [(one, second[:5] + b"no")]
        assert lane.ahead.split("stderr", second[:3]) == []
        assert lane.ahead.rest("stderr") == second[:3]
        assert lane.ahead.split("stderr", second + b"more") == [(two, b"more")]


def test_the_mark_of_an_order_that_was_taken_back_is_not_waited_for() -> None:
    with Lane(b"one", b"two") as lane:
        first = lane.take()
        assert first is not None
        lane.ahead.take_back()
        third = attempt(b"three")
        assert lane.ahead.put(third)
        ((mark, _),) = lane.taken()
        told = lane.ahead.split("stdout", first[0] + b"a\n" + mark + b"c\n")
        assert told == [(lane.attempts[0], b"a\n"), (third, b"c\n")]
        lane.ahead.sent()
        assert lane.ahead.split("stdout", b"of the channel") == [(None, b"of the channel")]
