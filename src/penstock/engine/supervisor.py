"""Brings attempts to life and holds them: limits, interrupts, the end of each in words. Nothing outlives it.

Single-threaded: everything happens inside `poll`. Start reading at `Supervisor.launch`; `process` is a worker process,
`forking` and `spawning` are the two ways to get one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from penstock.engine.channel import TO_WORKER
from penstock.engine.crew import Crew
from penstock.engine.endings import failure_at_end, failure_of_attempt
from penstock.engine.events import AttemptEvent, Captured, Ended, OnEvent
from penstock.engine.launcher import Mode, launcher_for
from penstock.engine.lingering import ended_with
from penstock.engine.needs import TABULAR, with_storing
from penstock.engine.process import Attempt, Doom, Exit, Reports, WorkerProcess
from penstock.engine.reactor import HasFileno, Reactor
from penstock.engine.spares import Spares
from penstock.model.errors import MessageInvalidError
from penstock.model.messages import (
    Answer,
    BlockOrder,
    Execute,
    Executed,
    Failure,
    Finished,
    FromWorker,
    Inspect,
    Log,
    Output,
    Ready,
    Shutdown,
    Started,
    Storing,
    WorkOrder,
)

__all__ = ["Attempt", "AttemptEvent", "Captured", "Ended", "Supervisor"]

BOOT_PATIENCE = 120.0
"""Seconds until a process that has not reported counts as lost."""

EXIT_PATIENCE = 5.0
"""Seconds that a process may take to end after it has finished its last order."""

_SHUTDOWN = TO_WORKER.encode(Shutdown())
_WATCH_INTERVAL = 0.2


class Supervisor:
    """The parent of all attempts of one project; a context manager that closes itself.

    Args:
        python: the interpreter of the workers; its environment must hold the same version of Penstock.
        preload: modules to import ahead of the workers (third-party only; others are refused quietly).
        mode: `fork` from a warm parent, `spawn` a fresh interpreter each time, or `auto`: fork where that is possible.
        cwd: working directory of the workers; None is this process's.
        environment: their environment; None is this process's.
        grace: seconds that an interrupted attempt has before it is killed.
        spares: worker processes that are kept ready for the next order.
        watch_memory: measure memory against the limit from outside; default where the system has no limit of its own.
    """

    def __init__(
        self,
        *,
        python: str = sys.executable,
        preload: Iterable[str] = (),
        mode: Mode = "auto",
        cwd: str | None = None,
        environment: Mapping[str, str] | None = None,
        grace: float = 5.0,
        spares: int = 1,
        watch_memory: bool = sys.platform != "linux",
    ) -> None:
        self._reactor = Reactor()
        self._launcher = launcher_for(mode, self._reactor, python, cwd, environment)
        self._preload = tuple(preload)
        self._grace = grace
        self._watch = watch_memory
        self._reports = Reports(
            self._on_message, self._on_output, self._on_closed, self._on_invalid, self._on_exit, self._on_orphaned
        )
        self._launcher.imported = self._on_imported
        self._nowhere = WorkerProcess(-1, self._reactor, self._reports, exit=Exit(None))
        self._next = 0
        self._processes: set[WorkerProcess] = set()
        self._spares = Spares(self._launcher, self._reactor, spares, self._new_process, self._at_work)
        self._invalid: dict[WorkerProcess, MessageInvalidError] = {}
        self._crews: dict[WorkerProcess, Crew] = {}
        self._learned: set[str] = set()
        self._oom_kills: int | None = None
        self._closed = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start what workers come from, and a spare one; returns at once, before either is up."""
        self._launcher.start()
        self._spares.fill()
        self._memory_ran_out()
        if self._preload:
            self.preload(self._preload)

    def preload(self, modules: Iterable[str]) -> None:
        """Import these ahead of later workers, as soon as there is nothing else to do."""
        self._launcher.preload(modules)

    def expect_sql(self, orders: int) -> None:
        """So many orders in SQL are likely to come, or, below zero, will not: one process keeps a database open."""
        self._spares.expect_sql(orders)

    def expect(self, block: BlockOrder, orders: int) -> None:
        """So many orders for that block come in a moment: their processes come up while what is before them is done.

        Those that no order has taken soon are ended.
        """
        self._spares.expect(block, orders)

    def learned(self) -> set[str]:
        """Third-party modules that workers have loaded beyond what was preloaded, those left out that cannot be."""
        return self._learned - self._launcher.unsafe()

    def crew(self) -> Crew:
        """Processes for `launch` that take turns at the orders of one block."""
        return Crew(self._reactor, self._begin, self._dismiss)

    def launch(
        self,
        order: WorkOrder,
        *,
        on_event: OnEvent,
        reuse: Attempt | None = None,
        keep: bool = False,
        crew: Crew | None = None,
    ) -> Attempt:
        """Begin an attempt in a fresh process.

        Args:
            order: what to do.
            on_event: receives what happens, inside `poll`, never inside this call; the last event is `Ended`.
            reuse: an attempt that was launched with `keep` and has ended: its process takes this order too, if it
                still lives.
            keep: let the process wait for another order afterwards; `close_session` ends it.
            crew: have it done by one of these processes instead.

        Returns:
            The attempt. One that cannot be started ends with a failure; nothing is raised for it.
        """
        try:
            frames = TO_WORKER.encode(order)
        except MessageInvalidError as error:
            failure = Failure("MessageInvalidError", error.message, error.hint, "X105")
            return self._told_soon(Attempt(order, self._nowhere, on_event), failure)
        attempt = Attempt(order, self._nowhere, on_event)
        if crew is not None:
            attempt.frames, attempt.crew = frames, crew
            crew.place(attempt)
        elif process := self._assign(attempt, reuse.process if reuse is not None else None):
            process.kept = keep
            process.write(frames if keep else frames + _SHUTDOWN)
            self._spares.refill()
        return attempt

    def poll(self, timeout: float | None = None) -> None:
        """Wait for something to happen, at most `timeout` seconds, and tell it."""
        self._reactor.turn(timeout)

    def watch(self, source: HasFileno, heard: Callable[[], None]) -> Callable[[], None]:
        """Call back inside `poll` each time that source can be read, so that its waiting ends; gives what ends that."""
        return self._reactor.on_readable(source, heard)

    def alarm(self, key: object, seconds: float, call: Callable[[], None]) -> None:
        """Call back once inside `poll`, so many seconds from now."""
        self._reactor.at(("alarm", key), time.monotonic() + seconds, call)

    def fileno(self) -> int:
        """A descriptor that is readable when `poll(0)` has something to do, for an event loop; not on Windows."""
        return self._reactor.fileno()

    def deadline(self) -> float | None:
        """When `poll(0)` must be called even if `fileno` is not readable, on the monotonic clock."""
        return self._reactor.deadline()

    def wait_readable(self, timeout: float) -> bool:
        """From another thread: whether `poll(0)` has something to do, at the latest after that many seconds."""
        return self._reactor.wait(timeout)

    def answer(self, attempt: Attempt, answer: Answer) -> None:
        """Reply to an `Ask` of that attempt; a value that cannot be sent becomes an error there."""
        if attempt.ended is not None or attempt.process.attempt is not attempt:
            return
        try:
            frame = TO_WORKER.encode(answer)
        except MessageInvalidError as error:
            frame = TO_WORKER.encode(Answer(answer.ask, error=error.message, hint=error.hint))
        attempt.process.write(frame)

    def send(self, attempt: Attempt, message: Execute | Inspect) -> None:
        """Send a message to the session that an interactive attempt is.

        Raises:
            MessageInvalidError: it is too large.
        """
        if attempt.ended is None:
            attempt.process.write(TO_WORKER.encode(message))

    def processes(self) -> list[tuple[int | None, WorkOrder]]:
        """The orders that are worked on, and by which process: None until it has been forked; from any thread."""
        found = [(process.pid, process.attempt) for process in list(self._processes)]
        return [(pid, attempt.order) for pid, attempt in found if attempt is not None]

    def interrupt(self, attempt: Attempt) -> None:
        """Raise KeyboardInterrupt in the user's code; what has not ended after the grace is killed."""
        process = attempt.process
        if attempt.ended is not None or attempt.finished is not None or self._withdraw(attempt, Doom.INTERRUPTED):
            return
        if process.pid is None:
            self._doom(process, Doom.INTERRUPTED)
            return
        self._launcher.interrupt(process)
        attempt.interrupted = True
        self._await_end(process)

    def _await_end(self, process: WorkerProcess) -> None:
        """Give it the grace to heed an interrupt."""
        self._reactor.at(process, time.monotonic() + self._grace, lambda: self._doom(process, Doom.INTERRUPTED))

    def kill(self, attempt: Attempt) -> None:
        """End the attempt's process and everything that it has started."""
        if attempt.ended is None and not self._withdraw(attempt, Doom.KILLED):
            self._doom(attempt.process, Doom.KILLED)

    def _withdraw(self, attempt: Attempt, why: Doom) -> bool:
        """Whether nothing is to be done to its process: it has not begun the attempt, and will not; or it is over."""
        process, crew = attempt.process, attempt.crew
        if crew is None:
            return False
        if crew.withdraw(attempt):  # its process may have ended by now, and the crew may be about to find it another
            failure = failure_at_end(Exit(None), why, attempt.order.limits, "", invalid=None, oom=False)
            self._told_soon(attempt, failure)
            return True
        return bool(process.ahead.line) and process.ahead.line[-1] is not attempt  # its end is yet to be read

    def close_session(self, attempt: Attempt) -> None:
        """End the process that was kept after that attempt."""
        self._dismiss(attempt.process)

    def _dismiss(self, process: WorkerProcess) -> None:
        if process.exit is None and process.attempt is None:
            process.write(_SHUTDOWN)
            self._linger(process)

    def close(self) -> None:
        """Kill everything and wait until nothing is left; no event is told for what was under way."""
        if self._closed:
            return
        self._closed = True
        used = [process for process in self._processes if process not in self._spares]
        for process in used:
            process.attempt = None
        self._launcher.close(idle=not used)
        for process in list(self._processes):
            process.close()
            process.ahead.close()
        self._processes.clear()
        self._reactor.close()

    def _told_soon(self, attempt: Attempt, failure: Failure) -> Attempt:
        """It has no process: its end is told in the next turn."""
        attempt.process = self._nowhere
        self._reactor.soon(lambda: attempt.tell(Ended(failure)))
        return attempt

    def _assign(self, attempt: Attempt, chosen: WorkerProcess | None) -> WorkerProcess | None:
        """A process for that attempt: the chosen one if it is idle, else another; None, which is told, if none."""
        try:
            process = chosen if chosen is not None and chosen.is_idle() else self._spares.take(attempt.order.block)
        except OSError as error:
            hint = "Free processes, memory or files."
            self._told_soon(attempt, Failure("lost", f"starting a process for the block: {error}", hint, "X102"))
            return None
        attempt.process, process.attempt = process, attempt
        if process.pid is not None:
            self._limit_time(attempt, 0.0)
        return process

    def _begin(self, crew: Crew, attempt: Attempt, idle: WorkerProcess | None) -> bool:
        """As `crew.Begin`."""
        process = self._assign(attempt, idle)
        if process is None:
            return False
        self._crews[process] = crew
        process.kept = True
        if not process.ahead.put(attempt):
            process.ahead.sent()
            process.write(attempt.frames)
        self._spares.fill()
        return True

    def _new_process(self, needs: Iterable[str], *, warm: str = "") -> WorkerProcess:
        self._next += 1
        process = WorkerProcess(self._next, self._reactor, self._reports)
        self._spawn(process, needs, warm)
        self._processes.add(process)
        return process

    def _spawn(self, process: WorkerProcess, needs: Iterable[str], warm: str) -> None:
        self._launcher.spawn(process, sorted(needs), warm=warm)
        process.imports = frozenset(self._launcher.tried())
        self._reactor.at(process, time.monotonic() + BOOT_PATIENCE, lambda: self._doom(process, Doom.SILENT))

    def _on_orphaned(self, process: WorkerProcess, reason: str) -> None:
        """What was to start the process was given up before that came up: once, another one starts it."""
        attempt = process.attempt
        if attempt is None or process.again:
            process.exited(Exit(None, reason))
            return
        attempt.tell(Log("WARNING", f"{reason}; the block is started by another one", time.time()))
        process.begin_again()
        try:
            self._spawn(process, process.imports, "")
        except OSError as error:
            process.exited(Exit(None, f"{reason}, and another one could not start the block: {error}"))

    def _at_work(self) -> int:
        return sum(process.attempt is not None for process in self._processes)

    def _on_imported(self) -> None:
        """All that was asked for is imported: replace the spare processes that came before it."""
        if not self._closed:
            self._spares.renew()

    def _on_message(self, process: WorkerProcess, message: FromWorker) -> None:
        if isinstance(message, Ready):
            self._on_ready(process, message)
            return
        attempt = process.attempt
        if attempt is None or attempt.finished is not None:
            return
        if isinstance(message, Storing):
            # The next blocks will have to import what the value is made of; here that goes on while it is stored.
            self.preload(with_storing(name for name in message.libraries if name in TABULAR))
            return
        if isinstance(message, Started):
            self._limit_time(attempt, message.at)
        elif not isinstance(message, Output):
            process.drain_streams()  # what was printed before the message comes before it
        if isinstance(message, Finished):
            self._on_finished(process, attempt, message)
            return
        if isinstance(message, Executed):
            self._reactor.cancel(process)  # it has heeded the interrupt, if there was one
            attempt.finish_output()
            attempt.captures.clear()
        attempt.tell(message)

    def _on_ready(self, process: WorkerProcess, message: Ready) -> None:
        if process.pid is not None:
            process.close_channel()
            self._on_invalid(process, MessageInvalidError("a second Ready"))
            return
        process.came_up(message.pid)
        if process.doom is not None:
            self._launcher.kill(process)
            return
        self._reactor.cancel(process)
        if process.attempt is not None:
            self._limit_time(process.attempt, 0.0)
            process.attempt.tell(message)
        if (crew := self._crews.get(process)) is not None:
            crew.came_up(process)

    def _limit_time(self, attempt: Attempt, started: float) -> None:
        """Set the deadline of the attempt: from its start on, or with an allowance while it has not started."""
        process, limits = attempt.process, attempt.order.limits
        if process.doom is not None:
            return
        if limits.seconds is not None:
            allowance = 0.0 if started else BOOT_PATIENCE
            when = time.monotonic() + limits.seconds + allowance
            self._reactor.at(process, when, lambda: self._doom(process, Doom.TIMEOUT))
        if self._watch and limits.memory is not None and started:
            self._watch_memory(attempt, limits.memory)

    def _watch_memory(self, attempt: Attempt, limit: int) -> None:
        from penstock.engine.process_tree import private_memory

        process = attempt.process
        if attempt.ended is not None or attempt.finished is not None or process.pid is None:
            return
        if private_memory(process.pid) > limit:
            self._doom(process, Doom.MEMORY)
            return
        self._reactor.at(attempt, time.monotonic() + _WATCH_INTERVAL, lambda: self._watch_memory(attempt, limit))

    def _on_finished(self, process: WorkerProcess, attempt: Attempt, message: Finished) -> None:
        attempt.finished = message
        self._learned.update(message.imports)
        self._reactor.cancel(process)
        attempt.tell(message)
        if not process.kept:
            self._linger(process)
            return
        process.attempt, crew = None, self._crews.get(process)
        following = crew.finished(attempt, message) if crew is not None else None
        if following is not None and following.interrupted:
            self._await_end(process)
        self._end(attempt)
        if crew is not None:
            crew.freed(process)

    def _linger(self, process: WorkerProcess) -> None:
        """Give the process a moment to end by itself."""
        when = time.monotonic() + EXIT_PATIENCE
        self._reactor.at(process, when, lambda: self._doom(process, Doom.LINGERING))

    def _on_output(self, process: WorkerProcess, stream: str, data: bytes) -> None:
        for speaker, text in process.ahead.split(stream, data):
            attempt = speaker if speaker is not None and speaker.ended is None else process.attempt
            if attempt is not None:
                attempt.capture(stream, text)

    def _on_closed(self, process: WorkerProcess) -> None:
        """The process has let go, is about to end, or user code has closed a descriptor too many."""
        attempt = process.attempt
        finished = attempt is None or attempt.finished is not None
        if attempt is not None and finished and process.has_let_go():
            process.attempt = None  # only its memory is still to go, which may take longer than the next block's start
            self._end(attempt)
        elif process.exit is None and process.doom is None and not finished:
            when = time.monotonic() + min(self._grace, 1.0)
            self._reactor.at(process, when, lambda: self._doom(process, Doom.CHANNEL))

    def _on_invalid(self, process: WorkerProcess, error: MessageInvalidError) -> None:
        self._invalid[process] = error
        self._doom(process, Doom.CHANNEL)

    def _doom(self, process: WorkerProcess, why: Doom) -> None:
        """End the process; its exit will tell the attempt. One whose channel is closed may be dead and tell later."""
        if process.exit is not None or process.doom is not None or (why is Doom.CHANNEL and process.is_over()):
            return
        process.doom = why
        if why is Doom.LINGERING and (attempt := process.attempt) is not None and attempt.finished is not None:
            attempt.tell(Log("WARNING", ended_with(attempt.finished.left, EXIT_PATIENCE), time.time()))
        self._reactor.cancel(process)
        self._spares.forget(process)
        if process.pid is None:
            process.pid = process.reported_pid()  # else it would go on at what it has begun meanwhile
            process.close_channel()  # it ends by itself as soon as it comes up and finds nobody there
        self._launcher.kill(process)

    def _on_exit(self, process: WorkerProcess) -> None:
        self._reactor.cancel(process)
        self._processes.discard(process)
        self._spares.forget(process)
        attempt, process.attempt = process.attempt, None
        lost = [attempt] if attempt is not None else []
        if (crew := self._crews.pop(process, None)) is not None:
            lost = crew.lost(process, attempt)
        process.ahead.close()
        for each in lost:
            self._end(each)
        self._invalid.pop(process, None)

    def _end(self, attempt: Attempt) -> None:
        self._reactor.cancel(attempt)
        output = attempt.finish_output()
        failure = failure_of_attempt(attempt, output, self._invalid.get(attempt.process), self._memory_ran_out)
        attempt.tell(Ended(failure, output))

    def _memory_ran_out(self) -> bool:
        """Whether the kernel has ended processes for want of memory since the last time this was asked."""
        from penstock.engine.oom import oom_kills

        before, self._oom_kills = self._oom_kills, oom_kills()
        return before is not None and self._oom_kills > before
