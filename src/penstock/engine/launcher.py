"""The two ways of bringing a worker to life, behind one interface: `forking` and `spawning`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, Protocol

from penstock.engine.forking import ForkLauncher, available
from penstock.engine.process import WorkerProcess
from penstock.engine.reactor import Reactor

Mode = Literal["auto", "fork", "spawn"]


class Launcher(Protocol):
    """Starts, interrupts and kills worker processes; reports each one's end through `WorkerProcess.exited`."""

    warm: bool
    """Whether libraries can be imported ahead of a worker's start."""

    imported: Callable[[], None]
    """Called when nothing is left to import ahead."""

    def start(self) -> None:
        """Get ready to start workers; called again after a failure of what it had got ready."""

    def spawn(self, process: WorkerProcess, needs: Iterable[str], *, warm: str = "") -> None:
        """Start a process.

        Args:
            process: what it is known as here.
            needs: modules that it is to have loaded, where that is possible.
            warm: no order waits for it, so it may warm up for one in this language; empty: a processor has more to do.

        Raises:
            OSError: it cannot start.
        """

    def preload(self, modules: Iterable[str]) -> None:
        """Import these modules ahead of later workers, when there is time."""

    def unsafe(self) -> set[str]:
        """Modules that must not be imported ahead."""

    def tried(self) -> set[str]:
        """Modules that later workers have loaded, or that it is of no use to ask for."""

    def interrupt(self, process: WorkerProcess) -> None:
        """Send the process and its group an interrupt."""

    def kill(self, process: WorkerProcess) -> None:
        """End the process and all that it has started, without delay."""

    def close(self, *, idle: bool) -> None:
        """End every process; returns when none is left.

        Args:
            idle: no process that is alive has run a user's code, so none of them has left anything behind.
        """


def launcher_for(
    mode: Mode, reactor: Reactor, python: str, cwd: str | None, environment: Mapping[str, str] | None
) -> Launcher:
    """The way that a mode means here; the rest as for `ForkLauncher`."""
    if mode == "fork" or (mode == "auto" and available()):
        return ForkLauncher(reactor, python, cwd, environment)
    from penstock.engine.spawning import SpawnLauncher

    return SpawnLauncher(reactor, python, cwd, environment)
