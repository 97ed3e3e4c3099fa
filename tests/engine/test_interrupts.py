"""SIGINT in a worker: raised in user code, put off while something is sent or published."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from penstock.engine.interrupts import Interrupts


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    before = signal.getsignal(signal.SIGINT)
    made = Interrupts()
    made.install()
    yield made
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_ends_what_is_worked_on_and_nothing_else(interrupts: Interrupts) -> None:
    with interrupts.working(first=True):
        pass
    interrupt()
    with interrupts.working(first=False), pytest.raises(KeyboardInterrupt):
        interrupt()


def test_an_interrupt_that_came_before_the_first_order_was_meant_for_it(interrupts: Interrupts) -> None:
    interrupt()
    with pytest.raises(KeyboardInterrupt), interrupts.working(first=True):
        pytest.fail("it was begun")


def test_an_interrupt_waits_for_the_outermost_shield(interrupts: Interrupts) -> None:
    done: list[str] = []

    def publish() -> None:
        with interrupts.shielded():
            with interrupts.shielded():
                interrupt()
                done.append("inner")
            done.append("outer")

    with interrupts.working(first=True):
        with pytest.raises(KeyboardInterrupt):
            publish()
        assert done == ["inner", "outer"]
        with interrupts.shielded():  # it was raised, and is over
            done.append("next")
    assert done[-1] == "next"


def test_an_error_under_a_shield_is_told_as_it_is(interrupts: Interrupts) -> None:
    def publish() -> None:
        with interrupts.shielded():
            interrupt()
            raise ValueError("full")

    with interrupts.working(first=True):
        with pytest.raises(ValueError, match="full"):
            publish()
        with pytest.raises(KeyboardInterrupt):
            interrupt()
