"""Ctrl-C and its like while a run is waited for: heard at once, where nothing is half done; the second ends at once."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from penstock.cli.exits import drop_lost_output

if TYPE_CHECKING:
    from penstock.engine.supervisor import Supervisor


@contextmanager
def waking(supervisor: Supervisor) -> Iterator[None]:
    """Let a signal end the waiting of the supervisor's loop, in the main thread.

    One that comes in the moment before the loop waits, or to another thread, would else be noticed with its next event.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, told = socket.socketpair()

    def drain() -> None:
        with suppress(BlockingIOError):
            while heard.recv(4096):
                pass

    with heard, told:
        heard.setblocking(False)
        told.setblocking(False)
        unwatch = supervisor.watch(heard, drain)
        before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            unwatch()


_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Ctrl-C, what service managers and containers end a process with, and the end of its terminal, which Windows lacks."""


@dataclass(slots=True)
class Interrupts:
    """Which signal has asked for the end; 0 as long as none has."""

    asked: int = 0


@contextmanager
def interrupts(supervisor: Supervisor) -> Iterator[Interrupts]:
    """Notes the first signal that asks for the end, and ends the waiting of the supervisor's loop.

    The second one does what it ever did: Ctrl-C raises KeyboardInterrupt, the others end the process. A process that
    was started to ignore one, such as by `nohup`, goes on to do so.
    """
    found = Interrupts()
    before = {number: signal.getsignal(number) for number in _ending()}
    if threading.current_thread() is not threading.main_thread() or not before:
        yield found
        return

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        restore()
        found.asked = number
        if number != signal.SIGINT:
            drop_lost_output()

    with waking(supervisor):
        for number in before:
            signal.signal(number, note)
        try:
            yield found
        finally:
            restore()


def _ending() -> list[int]:
    """The signals that would end this process if they came now: none that is ignored, or that somebody else heeds."""
    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    return [
        number
        for number in numbers
        if signal.getsignal(number) is signal.SIG_DFL
        or (number == signal.SIGINT and signal.getsignal(number) not in {None, signal.SIG_IGN})
    ]
