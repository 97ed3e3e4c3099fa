"""What user code forks and lets come back ends there, wherever a worker calls it."""

from __future__ import annotations

import sys

import pytest

from penstock.model.messages import BlockOrder, Outcome
from tests.engine.conftest import Bench, Seen, body

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")

FORKS = "import os\nif (pid := os.fork()):\n    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])"
"""A copy that came back would wait for an order, and this for its end, for ever."""


def add_on(kind: str, decorator: str, code: str) -> BlockOrder:
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    source = f"{decorator}\ndef {kind}(*args, **kwargs):\n{lines}"
    return BlockOrder(kind, kind, kind, "python", None, source, (), {})


def ended_well(bench: Bench, seen: Seen) -> bool:
    """Whether it has, and the process has told its end once."""
    assert seen.attempt is not None
    assert seen.attempt.ended is not None
    finished = seen.attempt.finished
    return seen.attempt.ended.failure is None and finished is not None and finished.outcome is Outcome.SUCCEEDED


def test_between_what_a_block_yields(bench: Bench) -> None:
    seen = bench.run(body(f"yield 'first'\n{FORKS}\nyield 'second'\nyield status"))
    assert ended_well(bench, seen)
    assert bench.value(seen) == ["first", "second", 0]


def test_when_a_generator_ends(bench: Bench) -> None:
    seen = bench.run(body(f"yield 1\n{FORKS}\n    if status:\n        raise ValueError(status)"))
    assert ended_well(bench, seen)
    assert bench.value(seen) == [1]


def test_in_a_test(bench: Bench) -> None:
    test = FORKS.replace("\n", "\n    ")
    seen = bench.run(f"{body('return 1')}\n\n@test\ndef check(output):\n    {test}\n        assert status == 0\n")
    assert ended_well(bench, seen)
    assert seen.attempt is not None
    assert seen.attempt.finished is not None
    assert [test.passed for test in seen.attempt.finished.tests] == [True]


def test_in_a_condition(bench: Bench) -> None:
    condition = add_on("conditional", "@condition", f"{FORKS}\n    return status == 0\nreturn False")
    seen = bench.run(body("return 'ran'"), conditions=(condition,))
    assert ended_well(bench, seen)
    assert bench.value(seen) == "ran"


def test_in_a_callback(bench: Bench) -> None:
    callback = add_on("callback", "@callback('success')", f"{FORKS}\n    print('status', status)")
    seen = bench.run(body("return 1"), callbacks=(callback,))
    assert ended_well(bench, seen)
    assert "status 0" in seen.text()
