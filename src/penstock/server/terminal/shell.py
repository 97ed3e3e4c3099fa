"""One shell on a pseudo terminal, read and written on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

from penstock.config import environment
from penstock.model.errors import UnsupportedError

_CHUNK = 64 * 1024
GRACE = 1.0
"""Seconds between the hang-up and the end of what does not heed it."""
_LARGEST = 1000
_LAUNCH = 'exec <"$0" >"$0" 2>&1 && exec "$1" -i'
"""A process that leads a session takes the first terminal that it opens as its own; then it becomes the shell."""


def available_shells() -> list[str]:
    """Shells of this machine, the one that is set for the studio first, then the user's own."""
    own = (environment.text("PENSTOCK_SHELL"), environment.lookup("SHELL") or "")
    found = [path for name in (*own, "bash", "zsh", "fish", "sh") if name and (path := shutil.which(name))]
    # One program may be found under two paths; under the first it is what was asked for.
    programs: dict[Path, str] = {}
    for path in found:
        programs.setdefault(Path(path).resolve(), path)
    return list(programs.values())


class Shell:
    """A shell in a folder, with a session of processes of its own.

    Args:
        folder: where it starts.
        program: one of `available_shells()`.

    Raises:
        UnsupportedError: this system has no pseudo terminals, or the shell cannot be started.
    """

    def __init__(self, folder: Path, program: str) -> None:
        try:
            import pty

            self.master, follower = pty.openpty()
        except (ImportError, OSError) as error:
            raise UnsupportedError(
                f"opening a terminal: this system gives none ({error})", hint="Use a terminal of the system."
            ) from None
        try:
            self.process = subprocess.Popen(  # noqa: S603 - a shell is what is asked for, and it is one of the list
                ["/bin/sh", "-c", _LAUNCH, os.ttyname(follower), program],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=follower,
                stderr=follower,
                start_new_session=True,
                env={**environment.snapshot(), "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            )
        except OSError as error:
            os.close(self.master)
            raise UnsupportedError(f"opening a terminal: starting {program}: {error.strerror or error}") from None
        finally:
            os.close(follower)
        os.set_blocking(self.master, False)

    def resize(self, columns: int, rows: int) -> None:
        """Tell the shell how large its window is."""
        import fcntl
        import termios

        size = struct.pack("HHHH", max(1, min(rows, _LARGEST)), max(1, min(columns, _LARGEST)), 0, 0)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    async def read(self) -> bytes:
        """The next bytes; empty when the shell has ended. Nothing is read ahead: a flood waits in the shell."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return os.read(self.master, _CHUNK)
            except BlockingIOError:
                await self._ready(loop.add_reader, loop.remove_reader)
            except OSError:  # how Linux tells that nobody holds the other end any more
                return b""

    async def write(self, data: bytes) -> None:
        """Type into it."""
        loop = asyncio.get_running_loop()
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self.master, rest) :]
            except BlockingIOError:
                await self._ready(loop.add_writer, loop.remove_writer)
            except OSError:
                return

    async def close(self) -> None:
        """End the shell and everything in its session, jobs in the background as well."""
        os.close(self.master)
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        for pid in self._members():
            _signal(pid, signal.SIGHUP)
            _signal(pid, signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        for pid in self._members():
            _signal(pid, signal.SIGKILL)
        self.process.wait()

    def _members(self) -> list[int]:
        """The processes of the session. Its number is not given to another one while any of them lives."""
        import psutil

        found = []
        for pid in psutil.pids():
            with contextlib.suppress(OSError):
                if os.getsid(pid) == self.process.pid:
                    found.append(pid)
        return found

    async def _ready(self, add: Callable[..., object], remove: Callable[[int], object]) -> None:
        ready = asyncio.get_running_loop().create_future()
        add(self.master, _settle, ready)
        try:
            await ready
        finally:
            remove(self.master)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
