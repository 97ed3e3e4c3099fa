"""Output in bounded memory: whole lines, what is cut is said."""

from __future__ import annotations

import resource
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from penstock.engine.capture import TAIL_LINES, LineCapture
from tests.engine.conftest import Bench, body


def captured(*chunks: bytes, **limits: Any) -> tuple[list[str], LineCapture]:
    texts: list[str] = []
    capture = LineCapture(texts.append, **limits)
    for chunk in chunks:
        capture.feed(chunk)
    capture.finish()
    return texts, capture


@given(st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\r", b"")), max_size=20))
def test_text_is_the_same_however_it_is_split(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    texts, _ = captured(*chunks)
    expected = whole.decode("utf-8", "replace")
    # A line is decoded as a whole, so only the newline at the end of the last one may differ.
    lines = whole.split(b"\n")
    assert "".join(texts) == "".join(line.decode("utf-8", "replace") + "\n" for line in lines[:-1]) + (
        lines[-1].decode("utf-8", "replace") + "\n" if lines[-1] else ""
    )
    assert all(text.endswith("\n") for text in texts)
    assert expected.count("\n") <= "".join(texts).count("\n")


@given(st.lists(st.text("ab\r\n", max_size=8), max_size=12))
def test_a_line_that_is_overwritten_shows_its_end_however_it_is_split(chunks: list[str]) -> None:
    texts, _ = captured(*(chunk.encode() for chunk in chunks), clock=lambda: -1.0)  # no time passes
    shown = [line.removesuffix("\r").rpartition("\r")[2] for line in "".join(chunks).split("\n")]
    assert [line.removesuffix("\r") for line in "".join(texts).split("\n")][: len(shown)] == shown


def test_a_progress_bar_is_passed_on_now_and_then() -> None:
    now = 0.0
    texts: list[str] = []
    capture = LineCapture(texts.append, clock=lambda: now)
    for percent in range(101):
        capture.feed(f"\r{percent:3}%".encode())
        now += 0.1
    assert 15 <= len(texts) <= 22
    assert texts[0] == "  0%\n"
    capture.feed(b"\ndone\n")
    assert "".join(texts[-2:]).endswith("100%\ndone\n")


def test_an_endless_progress_bar_takes_no_memory() -> None:
    capture = LineCapture(lambda text: None, clock=lambda: 0.0)
    for number in range(100_000):
        capture.feed(f"\r{number:020}".encode())
    assert len(capture._partial) < 100


def test_a_character_split_between_two_reads() -> None:
    encoded = "h\u00e9\u2713\n".encode()
    for at in range(len(encoded)):
        texts, _ = captured(encoded[:at], encoded[at:])
        assert "".join(texts) == "h\u00e9\u2713\n"


def test_a_long_line_is_cut_and_says_so() -> None:
    texts, _ = captured(b"a" * 15, b"a" * 15, b"end\nnext\n", line_limit=10)
    assert texts == ["a" * 10 + " [23 more bytes of this line were cut]\nnext\n"]


def test_beyond_the_limit_only_the_end_is_kept() -> None:
    lines = [f"line {number}\n".encode() for number in range(1000)]
    texts, capture = captured(*lines, limit=100)
    text = "".join(texts)
    assert "line 5\n" in text
    assert "line 500\n" not in text
    assert "bytes of output were left out" in text
    assert text.endswith("line 999\n")
    assert capture.tail() == [f"line {number}" for number in range(1000 - TAIL_LINES, 1000)]


def test_the_tail_is_there_for_short_output() -> None:
    _, capture = captured(b"one\ntwo\nthree")
    assert capture.tail() == ["one", "two", "three"]


def test_a_line_of_100_megabytes_does_not_fill_memory(bench: Bench) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = bench.run(body("import os\nfor _ in range(100):\n    os.write(1, b'x' * 1_000_000)\nprint('\\nend')"))
    assert seen.ended.failure is None
    assert "more bytes of this line were cut" in seen.text()
    assert seen.text().endswith("\nend\n")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_a_gigabyte_of_output_does_not_fill_memory(forked: Bench) -> None:
    size = 0
    tail = ""

    def on_event(event: object) -> None:
        nonlocal size, tail
        text = getattr(event, "text", "")
        size += len(text)
        tail = (tail + text)[-200:]

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code = body(
        "import os\nline = b'y' * 99 + b'\\n'\nfor _ in range(1000):\n    os.write(1, line * 10_000)\nprint('end')"
    )
    attempt = forked.supervisor.launch(forked.order(code), on_event=on_event)
    forked.until(lambda: attempt.ended is not None)
    assert attempt.ended is not None
    assert attempt.ended.failure is None
    assert 60_000_000 < size < 70_000_000
    assert tail.endswith("\nend\n")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_binary_garbage_on_both_streams(bench: Bench) -> None:
    code = "import os\nfor _ in range(200):\n    os.write(1, os.urandom(5000)); os.write(2, os.urandom(5000))\nreturn 1"
    assert bench.run(body(code)).ended.failure is None
