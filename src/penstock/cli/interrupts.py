"""Ctrl-C while a run is waited for: heard at once, and where nothing is half done; the second one ends at once."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

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


@dataclass(slots=True)
class Interrupts:
    """Whether somebody has pressed Ctrl-C."""

    asked: bool = False


@contextmanager
def interrupts(supervisor: Supervisor) -> Iterator[Interrupts]:
    """Notes the first Ctrl-C instead of raising KeyboardInterrupt; it ends the waiting of the supervisor's loop.

    A process that was started to ignore it, such as by `nohup`, goes on to do so.
    """
    found = Interrupts()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before in {None, signal.SIG_IGN}:
        yield found
        return

    def note(number: int, frame: FrameType | None) -> None:
        del number, frame
        found.asked = True
        signal.signal(signal.SIGINT, before)

    with waking(supervisor):
        signal.signal(signal.SIGINT, note)
        try:
            yield found
        finally:
            signal.signal(signal.SIGINT, before)
