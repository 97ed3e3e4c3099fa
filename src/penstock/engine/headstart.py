"""Starts the interpreter that becomes the zygote; for `penstock run` before the rest of the command is imported.

Importing the command and starting that interpreter take about as long as each other, and neither needs the other. This
module imports next to nothing, so that the second can begin first.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

MARK = "PENSTOCK_SUPERVISOR"
"""Variable in the environment of all processes of a supervisor, by which those that got away are found."""

_HUGE_PAGES = (
    {"_RJEM_MALLOC_CONF": "thp:always,dirty_decay_ms:5000,muzzy_decay_ms:0"} if sys.platform == "linux" else {}
)
"""Has the allocator that polars brings along ask for huge pages, and keep what is freed for five seconds, unless the
user has set it up. Measured for a pipeline over 10 million rows, 1.2 GB: 4.6 s instead of 5.1, for the kernel does not
enter pages of 4 KB one by one. It is read when the library is loaded, so it has to be set before."""

_COMMAND = "from penstock.engine.zygote import main; main()"
_begun: list[Interpreter] = []


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter that becomes a zygote.

    `connection` is our end of its control socket, `log` the file that holds what it writes to stderr, `mark` how its
    mark looks in the environment of a process.
    """

    pid: int
    connection: socket.socket
    log: int
    mark: bytes

    def give_up(self) -> None:
        """End it; nothing was forked from it."""
        self.connection.close()
        os.close(self.log)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def start(python: str, cwd: str | None, environment: Mapping[str, str] | None) -> Interpreter:
    """Start one.

    Args:
        python: the interpreter.
        cwd: the working directory of its workers; None is this process's.
        environment: their environment; None is this process's.

    Raises:
        OSError: it cannot be started.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    value, mark = new_mark()
    log = os.memfd_create("penstock-zygote")
    try:
        pid = _spawn(python, cwd, marked_environment(environment, value), theirs.fileno(), log)
    except OSError:
        ours.close()
        os.close(log)
        raise
    finally:
        theirs.close()
    ours.setblocking(False)
    return Interpreter(pid, ours, log, mark)


def _spawn(python: str, cwd: str | None, environment: Mapping[str, str], connection: int, log: int) -> int:
    command = [python, "-P", "-c", _COMMAND, "3", json.dumps({"cwd": cwd})]
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        return os.posix_spawn(
            python,
            command,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, connection, 3),
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, null, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
            setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGPIPE],
        )
    finally:
        os.close(null)


def begin() -> None:
    """Start one for the first supervisor of this process; where that fails, it fails there."""
    if sys.platform == "linux" and not _begun:
        with suppress(OSError):
            _begun.append(start(sys.executable, None, None))


def begun(python: str, cwd: str | None, environment: Mapping[str, str] | None) -> Interpreter | None:
    """What `begin` has started, for whoever asks first, if it is what `start` would start."""
    ordinary = python == sys.executable and cwd is None and environment is None
    return _begun.pop() if _begun and ordinary else None


def end() -> None:
    """Give up what `begin` has started and nobody has asked for."""
    while _begun:
        _begun.pop().give_up()


def await_end(pid: int, seconds: float) -> bool:
    """Wait for the end of a child and collect it; whether it ended in time."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return True
    try:
        poller = select.poll()
        poller.register(handle, select.POLLIN)
        if not poller.poll(seconds * 1000):
            return False
    finally:
        os.close(handle)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
    return True


def new_mark() -> tuple[str, bytes]:
    """A value for `MARK` that no other supervisor has, and how it looks in a process's environment."""
    value = secrets.token_hex(12)
    return value, f"{MARK}={value}".encode()


def marked_environment(environment: Mapping[str, str] | None, value: str) -> dict[str, str]:
    """The environment for a process of ours: the given one, or this process's own, with the mark."""
    if environment is None:
        from penstock.config.environment import snapshot

        environment = snapshot()
    return {**_HUGE_PAGES, **environment, MARK: value}
