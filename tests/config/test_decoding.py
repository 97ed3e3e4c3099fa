"""Typed reading in threads: msgspec ends the process when two of them look at a type for the first time at once."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from penstock.config.decoding import from_json, from_msgpack, from_plain

PROGRAM = """
import dataclasses, sys, threading
import msgspec
from penstock.config.decoding import from_json, from_msgpack, from_plain

def new_type(number):
    fields = {f"f{k}": "Inner | None" if k % 2 else "dict[str, Inner]" for k in range(12)}
    names = {"__annotations__": fields, "__module__": __name__, **dict.fromkeys(fields)}
    if number % 2:
        return type(msgspec.Struct)(f"S{number}", (msgspec.Struct,), names)
    return dataclasses.dataclass(type(f"D{number}", (), names))

def look(kind, gate):
    gate.wait()
    from_json(b'{"f1": {"a": 1}}', kind)
    from_plain({"f0": {}}, kind)
    from_msgpack(msgspec.msgpack.encode({"f1": {}}), kind)

sys.setswitchinterval(1e-6)
for number in range(150):
    class Inner(msgspec.Struct):
        a: int = 0
    kind, gate = new_type(number), threading.Barrier(4)
    threads = [threading.Thread(target=look, args=(kind, gate)) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


def test_threads_may_ask_for_a_new_type_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Point(msgspec.Struct):
    x: int
    y: int = 0


def test_values_are_read_as_what_they_should_be() -> None:
    assert from_json('{"x": 1}', Point) == from_plain({"x": "1"}, Point, strict=False) == Point(1)
    assert from_msgpack(msgspec.msgpack.encode([1, 2]), list[int]) == [1, 2]


def test_other_values_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="x"):
        from_plain({"x": "1"}, Point)
    with pytest.raises(msgspec.ValidationError):
        from_json('{"y": 1}', Point)
    with pytest.raises(msgspec.DecodeError):
        from_json("{", Point)
