"""The wire: every message survives it, and nothing else gets through."""

from __future__ import annotations

import datetime as dt
import socket
import threading
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.engine.channel import FROM_WORKER, LIMIT, TO_WORKER, FrameReader, WorkerChannel
from penstock.model import messages
from penstock.model.errors import MessageInvalidError
from penstock.model.messages import (
    WIRE_VERSION,
    Answer,
    Ask,
    AskKind,
    BlockOrder,
    Failure,
    Finished,
    Frame,
    InputOrder,
    Limits,
    Log,
    Outcome,
    Output,
    Ready,
    Shutdown,
    Started,
    WorkOrder,
)
from penstock.model.product import Address, Column, Fence, Kind, OutputSummary, ProductRef

REF = ProductRef(Address("pipe", "b", "2024"), "v1")
ORDER = WorkOrder(
    run="r",
    attempt=2,
    fence=Fence("r", "b", 2),
    project="/p",
    project_name="p",
    data_root="/d",
    pipeline="pipe",
    partition="_",
    block=BlockOrder("b", "B", "custom", "python", None, "x = 1", ("a",), {"limit": 5}),
    inputs=(InputOrder("a", REF), InputOrder("c", None, "custom", "sql", {"k": [1]})),
    variables={"n": 1, "text": "\u2713", "deep": {"a": [None, True, 2.5]}},
    limits=Limits(memory=1 << 40, seconds=1.5),
)
TO = [ORDER, Answer(1, value={"a": [1]}), Answer(2, error="no", hint="try"), Shutdown()]
FROM = [
    Ready(1, "3.11"),
    Started(1.5),
    Log("INFO", "text", 2.0, {"a": 1}),
    Output(REF, (OutputSummary("o", Kind.TABLE, "c", 3, 4, 5, (Column("x", "int64", 0, 1, 2),), [[1]]),)),
    Ask(1, AskKind.SECRET, {"name": "x"}),
    messages.LetGo(),
    Finished(
        Outcome.FAILED,
        3.0,
        Failure("E", "m", "h", "X101", (Frame("f", 1, "g", "t", own=True),), "tb"),
        (messages.TestOutcome("t", passed=False, error="e"),),
        ("pandas",),
        10,
        0.5,
    ),
]


@pytest.mark.parametrize("message", TO, ids=lambda message: type(message).__name__)
def test_every_message_to_a_worker_survives(message: Any) -> None:
    assert list(FrameReader(TO_WORKER).feed(TO_WORKER.encode(message))) == [message]


@pytest.mark.parametrize("message", FROM, ids=lambda message: type(message).__name__)
def test_every_message_from_a_worker_survives(message: Any) -> None:
    assert list(FrameReader(FROM_WORKER).feed(FROM_WORKER.encode(message))) == [message]


def test_text_that_utf_8_does_not_have_is_written_out_where_somebody_reads_it() -> None:
    (log,) = FrameReader(FROM_WORKER).feed(FROM_WORKER.encode(Log("INFO", "caf\udce9 ü", 1.0, {"a\ud800": ["\ud800"]})))
    assert (log.text, log.tags) == ("caf\\udce9 ü", {"a\\ud800": ["\\ud800"]})  # type: ignore[union-attr]


def test_values_of_text_that_utf_8_does_not_have_are_refused_by_name() -> None:
    order = replace(ORDER, variables={"days": {"a": [1, "x\ud800"]}})
    with pytest.raises(
        MessageInvalidError, match=r"^sending variables\.days\.a\[1\]: its text holds half of a character"
    ):
        TO_WORKER.encode(order)
    with pytest.raises(MessageInvalidError, match=r"^sending arguments\.x\\ud800: its text holds half"):
        FROM_WORKER.encode(Ask(1, AskKind.SECRET, {"x\ud800": 1}))


@given(st.lists(st.sampled_from(FROM), max_size=6), st.data())
def test_messages_arrive_however_the_stream_is_split(messages: list[Any], data: st.DataObject) -> None:
    stream = b"".join(map(FROM_WORKER.encode, messages))
    reader = FrameReader(FROM_WORKER)
    found: list[Any] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]
    reader.finish()
    assert found == messages


@given(st.binary(max_size=300))
def test_random_bytes_are_refused_or_wait_for_more(data: bytes) -> None:
    for family in (TO_WORKER, FROM_WORKER):
        reader = FrameReader(family)
        with suppress(MessageInvalidError):
            assert list(reader.feed(data)) == []


@settings(max_examples=300)
@given(st.sampled_from([1, 2, 3, 16, 17, 18, 19, 20, 21, 99]), st.binary(max_size=200))
def test_random_content_of_a_well_formed_frame(tag: int, body: bytes) -> None:
    for family in (TO_WORKER, FROM_WORKER):
        frame = bytes([WIRE_VERSION, tag]) + len(body).to_bytes(4, "big") + body
        with suppress(MessageInvalidError):
            list(FrameReader(family).feed(frame))


@given(st.sampled_from(FROM), st.data())
def test_a_changed_byte_gives_a_message_or_a_refusal(message: Any, data: st.DataObject) -> None:
    frame = bytearray(FROM_WORKER.encode(message))
    frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MessageInvalidError):
        for found in FrameReader(FROM_WORKER).feed(bytes(frame)):
            assert isinstance(found, (Ready, Started, Log, Output, Ask, Finished))


def test_what_is_refused_says_why() -> None:
    def read(frame: bytes) -> str:
        with pytest.raises(MessageInvalidError) as caught:
            list(FrameReader(TO_WORKER).feed(frame))
        return caught.value.message

    good = TO_WORKER.encode(Shutdown())
    assert "wire version 127" in read(b"\x7f" + good[1:])
    assert "unknown message 77" in read(good[:1] + bytes([77]) + good[2:])
    assert "limit" in read(bytes([WIRE_VERSION, 1]) + (LIMIT + 1).to_bytes(4, "big"))
    garbage = bytes([WIRE_VERSION, 3]) + (2).to_bytes(4, "big") + b"\x80\x80"
    assert "Shutdown" in read(garbage)
    assert "Ready" not in read(FROM_WORKER.encode(Ready(1, "3")))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0, 1e300])
def test_numbers_that_no_clock_and_no_machine_says_are_refused(number: float) -> None:
    """They would be stored, and told as moments: code of a block may write what it likes to the channel."""
    whole = 2**63 if number > 0 else -1
    told = [
        (17, {"at": number}),
        (18, {"level": "INFO", "text": "x", "at": number}),
        (21, {"outcome": "succeeded", "at": 1.0, "cpu_seconds": number}),
        (21, {"outcome": "succeeded", "at": 1.0, "peak_memory": whole}),
        (23, {"execution": "e", "at": 1.0, "seconds": number}),
    ]
    for tag, fields in told:
        with pytest.raises(MessageInvalidError, match="is not between 0 and"):
            FROM_WORKER.decode(tag, msgspec.msgpack.encode(fields))


def test_a_stream_that_ends_inside_a_message() -> None:
    reader = FrameReader(TO_WORKER)
    assert list(reader.feed(TO_WORKER.encode(ORDER)[:-1])) == []
    with pytest.raises(MessageInvalidError, match="inside a message"):
        reader.finish()


def test_messages_of_the_other_direction_and_large_ones_are_not_sent() -> None:
    with pytest.raises(MessageInvalidError, match="direction"):
        TO_WORKER.encode(Ready(1, "3"))
    with pytest.raises(MessageInvalidError, match="limit"):
        FROM_WORKER.encode(Log("INFO", "x" * (LIMIT + 1), 1.0))


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=20)
    | st.datetimes(timezones=st.none() | st.just(dt.UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
)
keys = st.text() | st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=10
)


@given(values)
def test_values_come_out_as_they_went_in(value: Any) -> None:
    (answer,) = FrameReader(TO_WORKER).feed(TO_WORKER.encode(Answer(1, value)))
    assert isinstance(answer, Answer)
    assert answer.value == value
    assert type(answer.value) is type(value)


def test_tuples_become_lists_and_subclasses_their_base() -> None:
    class Name(str):
        __slots__ = ()

    import numpy as np

    value = {"t": (1, 2), Name("n"): Name("v"), "np": np.int64(3), "flag": np.bool_(True), "p": Decimal("1.0")}
    (answer,) = FrameReader(TO_WORKER).feed(TO_WORKER.encode(Answer(1, value)))
    assert isinstance(answer, Answer)
    assert answer.value == {"t": [1, 2], "n": "v", "np": 3, "flag": True, "p": Decimal("1.0")}
    assert type(answer.value["n"]) is str


@pytest.mark.parametrize("value", [object(), {1, 2}, {"a": {(1, 2): 3}}, {dt.date(2024, 1, 1): 1}, 1j, print])
def test_values_that_do_not_cross_are_refused_with_their_place(value: object) -> None:
    with pytest.raises(MessageInvalidError, match=r"value\.deep|value"):
        TO_WORKER.encode(Answer(1, {"deep": value}))


def test_a_value_that_holds_itself() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(MessageInvalidError, match="nested"):
        TO_WORKER.encode(Answer(1, loop))


def test_an_answer_is_found_behind_other_messages_and_orders_are_kept() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"".join(map(TO_WORKER.encode, (Shutdown(), Answer(2, "two"), Answer(1, "one")))))
        channel = WorkerChannel(theirs)
        assert channel.receive_answer(1) == Answer(1, "one")
        assert channel.receive_answer(2) == Answer(2, "two")
        assert channel.receive() == Shutdown()
        ours.close()
        assert channel.receive() is None
        assert channel.receive_answer(3) is None


def test_threads_do_not_mix_their_messages() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = WorkerChannel(theirs)
        texts = [character * 50_000 for character in "abcd"]
        senders = [threading.Thread(target=channel.send, args=(Log("INFO", text, 1.0),)) for text in texts * 5]
        for sender in senders:
            sender.start()
        reader = FrameReader(FROM_WORKER)
        found: list[Any] = []
        while len(found) < len(senders):
            found += reader.feed(ours.recv(1 << 16))
        for sender in senders:
            sender.join()
    assert sorted(log.text for log in found) == sorted(texts * 5)


def test_a_message_that_may_wait_goes_with_the_next_one() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = WorkerChannel(theirs)
        channel.send(Started(1.0), hold=True)
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            ours.recv(1)
        channel.send(Finished(Outcome.SUCCEEDED, 2.0))
        found = list(FrameReader(FROM_WORKER).feed(ours.recv(1 << 16)))
    assert found == [Started(1.0), Finished(Outcome.SUCCEEDED, 2.0)]
