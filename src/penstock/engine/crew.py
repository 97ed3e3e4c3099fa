"""The processes in which the children of one block take turns, when it says `isolation: shared`.

Short work goes to few processes, that find the next order ready when they have done one (`ahead`): no processor waits
for another, and none has to warm up for each child. Where that would make work wait (a child that takes its time, or
one that waits itself, for a server say) what lay ready is taken back, and gets processes of its own.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable

from penstock.engine.ahead import STREAMS
from penstock.engine.process import Attempt, WorkerProcess
from penstock.engine.reactor import Reactor
from penstock.model.messages import Finished, Limits, Outcome

FEW = 2 * (os.cpu_count() or 1)
"""Processes that take all short work: twice the processors, as one or the other always waits for a disk."""

DEEP = 8
"""Orders that lie ready for one process at most."""

PATIENCE = 0.02
"""Seconds that an order waits behind another one before it goes elsewhere."""

BOOT_PATIENCE = 0.5
"""The same, behind a process that has not come up yet."""

STALL = 5.0
"""Seconds after which a process that takes no order, though it has nothing to do, is given up."""

IDLENESS = 0.003
"""Seconds that the code of children may wait on average: beyond it, others could use the processor meanwhile."""

_WEIGHT = 0.125
"""Of the newest child in the average: one that was held up once changes nothing."""


Begin = Callable[["Crew", Attempt, WorkerProcess | None], bool]
"""Gives an attempt to that idle process of a crew, or to a new one; False when there is none, which is told."""


class Crew:
    """The processes of one block of one run.

    Args:
        reactor: calls back.
        begin: as `Begin`.
        leave: no order comes for that process any more.
    """

    def __init__(
        self,
        reactor: Reactor,
        begin: Begin,
        leave: Callable[[WorkerProcess], None],
    ) -> None:
        self._reactor = reactor
        self._begin = begin
        self._leave = leave
        self._members: dict[WorkerProcess, None] = {}  # those first that an order is offered to first
        self._tried: set[WorkerProcess] = set()
        self._late: dict[WorkerProcess, float] = {}
        self._again: deque[Attempt] = deque()
        self._waits = 0.0
        self._closed = False

    def wanted(self, orders: int) -> int:
        """How many processes are to be made for so many orders, if they turn out to be short."""
        return max(0, min(orders, FEW) - len(self._members))

    def place(self, attempt: Attempt) -> None:
        """Have it done: by a process that is idle, behind another attempt, or by a new process."""
        idle = (process for process in self._members if process.is_idle())
        found = min(idle, key=self._late.__contains__, default=None)  # a late one may still free what it has made
        ready = found is not None and found not in self._late
        if not ready and (busy := self._shortest(attempt)) is not None and busy.ahead.put(attempt):
            attempt.process = busy
        elif self._begin(self, attempt, found):
            self._watch(attempt.process)

    def withdraw(self, attempt: Attempt) -> bool:
        """Whether no process has begun that attempt, and none will. What lay ready beside it goes elsewhere."""
        if attempt not in self._again:
            self._take_back(attempt.process)
        if attempt not in self._again:
            return False
        self._again.remove(attempt)
        return True

    def came_up(self, process: WorkerProcess) -> None:
        """That process is there: from now on it works."""
        if process in self._members and process.attempt is not None:
            self._watch(process)

    def finished(self, attempt: Attempt, message: Finished) -> Attempt | None:
        """That attempt is over; the next one, which is begun unless this one has failed: after that nobody goes on."""
        process = attempt.process
        self._late.pop(process, None)
        self._tried.add(process)
        _take_rest(process, attempt)
        process.attempt = process.ahead.after(attempt)
        if message.outcome is Outcome.FAILED:
            self._dismiss(process)
            return None
        if process.attempt is not None:
            self._watch(process)
        else:
            self._reactor.cancel((self, process))
        self._weigh(message.waited)
        return process.attempt

    def freed(self, process: WorkerProcess) -> None:
        """The end of its attempt was told."""
        if process.attempt is None and (self._closed or process not in self._members):
            self._members.pop(process, None)
            self._leave(process)

    def lost(self, process: WorkerProcess, attempt: Attempt | None) -> list[Attempt]:
        """That process has ended, at that attempt: those which end with it. What it had not begun goes elsewhere.

        Where it has done nothing yet, its first attempt counts as begun: others may come to the same end.
        """
        if attempt is not None:
            _take_rest(process, attempt)
        self._dismiss(process)
        tried = process in self._tried
        self._tried.discard(process)
        if process.ahead.line or attempt is None:
            return list(process.ahead.line)
        if attempt in self._again and not tried:
            self._again.remove(attempt)
        return [] if attempt in self._again else [attempt]

    def close(self) -> None:
        """No other child comes: the processes end, those at work when they are done."""
        self._closed = True
        for process in list(self._members):
            self.freed(process)

    def _shortest(self, attempt: Attempt) -> WorkerProcess | None:
        """The process behind whose work it is done soonest; None where a process of its own is better."""
        if self._waits > IDLENESS or attempt.order.limits != Limits():
            return None
        prompt = [process for process in self._members if self._takes_more(process)]
        if len(prompt) < FEW:
            return None
        found = min(prompt, key=lambda process: len(process.ahead.line))
        return found if len(found.ahead.line) <= DEEP else None

    def _takes_more(self, process: WorkerProcess) -> bool:
        line = process.ahead.line
        at_work = bool(line) and line[0] is process.attempt  # else its order came down the channel
        return at_work and process not in self._late and process.doom is None and process.exit is None

    def _watch(self, process: WorkerProcess) -> None:
        """It begins with something: what lies ready for it is not to wait for long."""
        self._members.setdefault(process)
        patience = PATIENCE if process.pid is not None else BOOT_PATIENCE
        self._reactor.at((self, process), time.monotonic() + patience, lambda: self._overdue(process))

    def _overdue(self, process: WorkerProcess) -> None:
        now = time.monotonic()
        since = self._late.setdefault(process, now)
        self._members.pop(process, None)  # others come first from now on
        self._members[process] = None
        self._take_back(process)
        if process.attempt is None and process.pid is not None and now - since >= STALL:
            self._dismiss(process)  # it may hang in what the last child has left behind
            self._leave(process)

    def _weigh(self, waited: float) -> None:
        """Take note of how long a child has waited; where children do that, each gets a process."""
        waited = min(waited, 4 * IDLENESS)  # one that takes minutes says nothing of the others
        before, self._waits = self._waits, self._waits + (waited - self._waits) * _WEIGHT
        if before <= IDLENESS < self._waits:
            for process in self._members:
                self._take_back(process)

    def _dismiss(self, process: WorkerProcess) -> None:
        """No order goes there any more."""
        self._take_back(process)
        self._reactor.cancel((self, process))
        self._members.pop(process, None)
        self._late.pop(process, None)

    def _take_back(self, process: WorkerProcess) -> None:
        """Take back what lies ready there; it is placed anew in the next turn."""
        back = process.ahead.take_back()
        if process.attempt in back:  # it was the next one when the one before was over, and has not been begun
            process.attempt = process.ahead.line[0] if process.ahead.line else None
        if back and not self._again:
            self._reactor.soon(self._place_again)
        self._again.extend(back)

    def _place_again(self) -> None:
        for _ in range(len(self._again)):
            self.place(self._again.popleft())
        if self._closed:  # who lost its only order, and got no other, would wait for one for ever
            self.close()


def _take_rest(process: WorkerProcess, attempt: Attempt) -> None:
    """All that it has written is read by now, and a mark is never written in pieces: what looked like one is output."""
    for stream in STREAMS:
        if rest := process.ahead.rest(stream, attempt):
            attempt.capture(stream, rest)
