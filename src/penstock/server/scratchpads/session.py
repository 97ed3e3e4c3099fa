"""One scratchpad's session as the server sees it: a queue of executions over an attempt that goes on."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from penstock.engine.events import AttemptEvent, Captured, Ended
from penstock.engine.supervisor import Attempt, Supervisor
from penstock.model.errors import TimeoutExceededError, WorkerLostError
from penstock.model.messages import (
    Answer,
    Ask,
    Displayed,
    Execute,
    Executed,
    Failure,
    Inspect,
    Inspected,
    Log,
    Started,
    WorkOrder,
)
from penstock.server.runs.telling import Printing

PATIENCE = 5.0
"""Seconds that a question about the namespace may take; a long call of a C library holds it up."""

Tell = Callable[[dict[str, Any]], None]
_NOT_RUN = Failure("interrupted", "it was not run: what stood before it failed or was interrupted", "Run it again.")


class ScratchSession:
    """The session of one scratchpad.

    Args:
        supervisor: starts its process.
        tell: publishes an event.
        answer: answers what its code asks of the control side.
    """

    def __init__(
        self, supervisor: Supervisor, tell: Tell, answer: Callable[[Ask, Callable[[Answer], None]], None]
    ) -> None:
        self._supervisor = supervisor
        self._tell = tell
        self._answer = answer
        self._attempt: Attempt | None = None
        self._waiting: deque[Execute] = deque()
        self._questions: dict[int, asyncio.Future[Inspected]] = {}
        self._number = 0
        self._printing: Printing | None = None
        self.running: Execute | None = None
        self.ready = False

    @property
    def alive(self) -> bool:
        """Whether it has a process."""
        return self._attempt is not None

    @property
    def queued(self) -> int:
        """How many executions wait."""
        return len(self._waiting)

    def start(self, order: WorkOrder) -> None:
        """Start its process."""
        self.ready = False
        self._attempt = self._supervisor.launch(order, on_event=self._on_event, keep=True)

    def run(self, code: str, cell: str) -> str:
        """Take code on; the name of its execution."""
        execute = Execute(secrets.token_hex(8), code, cell or "cell")
        self._waiting.append(execute)
        self._next()
        return execute.execution

    def interrupt(self) -> bool:
        """Interrupt what runs, and drop what waits; whether something ran."""
        if self.running is None or self._attempt is None:
            return False
        self._drop_waiting()
        self._tell({"type": "scratch_interrupting", "execution": self.running.execution})
        self._supervisor.interrupt(self._attempt)
        return True

    def end(self) -> None:
        """End its process at once; everything that it held is gone."""
        if self._attempt is not None:
            self._supervisor.kill(self._attempt)

    async def ask(self, code: str | None = None, cursor: int = 0) -> Inspected:
        """Completions, or without code the variables.

        Raises:
            WorkerLostError: the session has ended meanwhile.
            TimeoutExceededError: it did not answer in time.
        """
        if self._attempt is None:
            return Inspected(0)
        self._number += 1
        future: asyncio.Future[Inspected] = asyncio.get_running_loop().create_future()
        number = self._number
        self._questions[number] = future
        self._supervisor.send(self._attempt, Inspect(number, code, cursor))
        try:
            return await asyncio.wait_for(future, PATIENCE)
        except TimeoutError:
            raise TimeoutExceededError(
                "asking the scratchpad what it holds: it did not answer", hint="Its code is busy; try again later."
            ) from None
        finally:
            self._questions.pop(number, None)

    def _next(self) -> None:
        if self.running is None and self._waiting and self._attempt is not None:
            self.running = self._waiting.popleft()
            self._printing = Printing(self._output, time.monotonic)
            fields = {"execution": self.running.execution, "cell": self.running.cell, "at": time.time()}
            self._tell({"type": "scratch_started", **fields})
            self._supervisor.send(self._attempt, self.running)

    def _on_event(self, event: AttemptEvent) -> None:
        match event:
            case Captured() | Log() | Displayed():
                self._show(event)
            case Executed():
                self._executed(event)
            case Inspected():
                if (future := self._questions.get(event.request)) is not None and not future.done():
                    future.set_result(event)
            case Ask() if self._attempt is not None:
                attempt = self._attempt
                self._answer(event, lambda answer: self._supervisor.answer(attempt, answer))
            case Started():
                self.ready = True
            case Ended():
                self._ended(event)

    def _show(self, event: Captured | Log | Displayed) -> None:
        match event:
            case Captured(stream=stream, text=text):
                self._print({"stream": stream, "text": text, "at": time.time()})
            case Log(level=level, text=text, at=at):
                self._print({"stream": "log", "level": level, "text": f"{text}\n", "at": at})
            case Displayed(execution=execution, mime=mime):
                if self._printing is not None:
                    self._printing.flush()
                self._tell({"type": "display", "execution": execution, "mime": mime})
                if self._attempt is not None:
                    self._supervisor.answer(self._attempt, Answer(event.id))

    def _print(self, item: dict[str, Any]) -> None:
        if self._printing is None:  # a thread of an earlier cell goes on printing
            self._printing = Printing(self._output, time.monotonic)
        self._printing.add(item)

    def _output(self, items: list[dict[str, Any]], dropped: int) -> None:
        event: dict[str, Any] = {"type": "block_output", "run": None, "items": items}
        event["execution"] = self.running.execution if self.running is not None else None
        if dropped > 0:
            event["dropped"] = dropped
        self._tell(event)

    def _executed(self, event: Executed) -> None:
        self._finish(event.failure, event.seconds)
        if event.failure is not None:
            self._drop_waiting()
        self._next()

    def _finish(self, failure: Failure | None, seconds: float | None) -> None:
        if self._printing is not None:
            self._printing.finish(time.time())
            self._printing = None
        if self.running is not None:
            done, self.running = self.running, None
            fields = {"execution": done.execution, "seconds": seconds, "failure": failure, "at": time.time()}
            self._tell({"type": "scratch_ended", **fields})

    def _drop_waiting(self) -> None:
        while self._waiting:
            dropped = self._waiting.popleft()
            fields = {"execution": dropped.execution, "seconds": None, "failure": _NOT_RUN, "at": time.time()}
            self._tell({"type": "scratch_ended", **fields})

    def _ended(self, event: Ended) -> None:
        """The process has ended: what it held is gone, and the page is told so."""
        self._attempt = None
        self.ready = False
        failure = event.failure
        self._finish(failure, None)
        self._drop_waiting()
        for future in self._questions.values():
            if not future.done():
                future.set_exception(WorkerLostError("asking the scratchpad what it holds: its process has ended"))
        self._tell({"type": "scratch_session", "state": "ended", "reason": failure.message if failure else ""})
