"""The run loop: carries out the effects of the run state machine over a supervisor, for any number of runs at once.

It decides nothing about a run (model.run does) and remembers nothing (the sink does). Single-threaded: everything
happens inside `poll`.
"""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from penstock.data import ProductStore
from penstock.engine.freshness import fresh_version
from penstock.engine.inputs import stored_input
from penstock.engine.lineage import block_settings
from penstock.engine.plan import RunPlan, check_runnable, work_order
from penstock.engine.supervisor import Attempt, Captured, Ended, Supervisor
from penstock.model import events
from penstock.model.errors import PenstockError, headline
from penstock.model.messages import Answer, Ask, Failure, Finished, FromWorker, Log, Outcome, Output, Started
from penstock.model.product import Lineage, OutputSummary, ProductRef
from penstock.model.run import (
    DONE,
    ENDED,
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    BlockFresh,
    BlockState,
    CancelRequested,
    Dispatch,
    Effect,
    Kill,
    Run,
    RunEvent,
    RunState,
    advance,
    new_run,
)

Sink = Callable[[events.Event], None]
"""Where the facts of a run go; called in order, must not raise."""

Asker = Callable[["RunHandle", Ask, Callable[[Answer], None]], None]
"""Answers a worker's request by calling its last argument, at once or later."""

SENSOR_INTERVAL = 60.0
"""Seconds between two evaluations of a sensor that said "not yet"."""


@dataclass(slots=True)
class _Current:
    """The attempt of a block that is under way."""

    attempt: Attempt
    started: float
    output: Output | None = None
    finished: Finished | None = None
    over: bool = False


@dataclass(slots=True)
class RunHandle:
    """A run in the loop."""

    plan: RunPlan
    run: Run
    sink: Sink
    started: float
    on_end: Callable[[RunHandle], None] | None = None
    current: dict[str, _Current] = field(default_factory=dict)
    first_start: dict[str, float] = field(default_factory=dict)
    session: Attempt | None = None
    told: set[str] = field(default_factory=set)
    held: list[tuple[float, int, str]] = field(default_factory=list)
    ended: bool = False

    @property
    def state(self) -> RunState:
        """The run's state."""
        return self.run.state

    def refs(self) -> dict[str, ProductRef | None]:
        """What each block of the run has published so far."""
        return {uuid: entry.ref for uuid, entry in self.run.blocks.items()}


class RunLoop:
    """Drives runs over one supervisor.

    Args:
        supervisor: brings attempts to life.
        store: the product store of the project.
        clock: seconds since the epoch.
        answer: answers the requests of user code.
        width: attempts of one run at once; default one per core.
        total: attempts of all runs at once; default as many as of one.

    `handles` are the runs that have not ended, by name.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        store: ProductStore,
        *,
        clock: Callable[[], float],
        answer: Asker,
        width: int | None = None,
        total: int | None = None,
    ) -> None:
        self._supervisor = supervisor
        self._store = store
        self._clock = clock
        self._answer = answer
        self._width = width or os.cpu_count() or 1
        self._total = total or self._width
        self._queue: list[tuple[float, int, RunHandle, str]] = []
        self._order = count()
        self._active = 0
        self.handles: dict[str, RunHandle] = {}

    def start(self, plan: RunPlan, sink: Sink, *, on_end: Callable[[RunHandle], None] | None = None) -> RunHandle:
        """Begin a run; its blocks start inside the next `poll`."""
        now = self._clock()
        run, effects = new_run(plan.run, plan.graph, plan.policies(), keep_going=plan.options.keep_going)
        handle = self.handles[plan.run] = RunHandle(plan, run, sink, now, on_end)
        sink(
            events.RunStarted(
                plan.run,
                plan.pipeline.uuid,
                plan.options.partition,
                now,
                tuple(plan.graph),
                {**plan.pipeline.variables, **plan.options.variables},
                plan.options.origin,
                plan.options.what(),
                dict(plan.graph),
            )
        )
        self._apply(handle, effects)
        return handle

    def wait(self, handle: RunHandle) -> RunState:
        """Poll until that run has ended."""
        while not handle.ended:
            self.poll()
        return handle.state

    def poll(self, timeout: float | None = None) -> None:
        """Start what is due, then wait at most `timeout` seconds for something to happen."""
        self._dispatch_due()
        if (until_due := self._until_due()) is not None:
            timeout = until_due if timeout is None else min(timeout, until_due)
        self._supervisor.poll(timeout)

    def fileno(self) -> int:
        """A descriptor that is readable when `poll(0)` has something to do, for an event loop; not on Windows."""
        return self._supervisor.fileno()

    def deadline(self) -> float | None:
        """When `poll(0)` must be called even if `fileno` is not readable, on the monotonic clock; None is never."""
        due = self._supervisor.deadline()
        if (until_due := self._until_due()) is not None:
            own = time.monotonic() + until_due
            due = own if due is None else min(due, own)
        return due

    def wait_readable(self, timeout: float) -> bool:
        """From another thread: whether `poll(0)` has something to do, at the latest after that many seconds."""
        return self._supervisor.wait_readable(timeout)

    def _until_due(self) -> float | None:
        """Seconds until something can be dispatched; None while that takes the end of an attempt first."""
        if not self._queue or self._active >= self._total:
            return None
        return max(0.0, self._queue[0][0] - self._clock())

    def cancel(self, handle: RunHandle) -> None:
        """Interrupt the run's attempts and end it as cancelled."""
        self._advance(handle, CancelRequested())

    def interrupt(self, handle: RunHandle, block: str) -> bool:
        """Interrupt the attempt of one block, which fails without a retry; whether it had one."""
        current = handle.current.get(block)
        if current is not None:
            self._supervisor.interrupt(current.attempt)
        return current is not None

    def abandon(self, handle: RunHandle, failure: Failure) -> None:
        """Tell the end of a run whose processes are about to be ended with this one: nothing of it is waited for."""
        if handle.ended:
            return
        handle.ended = True
        now = self._clock()
        for block, entry in handle.run.blocks.items():
            if block not in handle.told:
                handle.told.add(block)
                begun = handle.first_start.get(block)
                handle.sink(
                    events.BlockEnded(
                        handle.plan.run,
                        block,
                        BlockState.CANCELLED if begun is None else BlockState.INTERRUPTED,
                        now,
                        seconds=now - (begun or now),
                        attempts=entry.attempts,
                        failure=None if begun is None else failure,
                    )
                )
        self._tell_run_ended(handle, RunState.INTERRUPTED, failure.message)

    def _apply(self, handle: RunHandle, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Dispatch(block=block, delay=delay):
                    heapq.heappush(self._queue, (self._clock() + delay, next(self._order), handle, block))
                case Kill(block=block):
                    if current := handle.current.get(block):
                        self._supervisor.interrupt(current.attempt)
        self._tell_ends(handle)

    def _advance(self, handle: RunHandle, event: RunEvent) -> None:
        handle.run, effects = advance(handle.run, event)
        self._apply(handle, effects)

    def _dispatch_due(self) -> None:
        now = self._clock()
        while self._queue and self._queue[0][0] <= now and self._active < self._total:
            due, order, handle, block = heapq.heappop(self._queue)
            if handle.ended or handle.run.blocks[block].state in ENDED:
                continue
            if len(handle.current) >= min(self._width, _limit(handle.plan)):
                handle.held.append((due, order, block))  # until one of its attempts has ended
                continue
            self._dispatch(handle, block)

    def _dispatch(self, handle: RunHandle, block: str) -> None:
        """Start an attempt, or take the stored version when it is fresh and only what is stale may run."""
        try:
            check_runnable(handle.plan, block)
            refs = self._inputs(handle, block)
            if handle.plan.options.stale_only:
                fresh = fresh_version(self._store, handle.plan, block, refs)
                if fresh is not None:
                    self._advance(handle, BlockFresh(block, fresh))
                    return
            entry = handle.run.blocks[block]
            fence = self._store.issue_fence(handle.plan.run, block)
            order = work_order(handle.plan, block, fence, refs, failed_attempts=entry.attempts)
        except PenstockError as error:
            self._advance(handle, AttemptStarted(block))
            self._advance(handle, AttemptFailed(block, failure_of(error), final=True))
            return
        self._advance(handle, AttemptStarted(block))
        now = self._clock()
        handle.first_start.setdefault(block, now)
        handle.sink(events.BlockStarted(handle.plan.run, block, fence.token, now))
        on_event = partial(self._on_event, handle, block)
        one_process = handle.plan.pipeline.run_in_one_process
        self._active += 1
        attempt = self._supervisor.launch(order, on_event=on_event, reuse=handle.session, keep=one_process)
        handle.current[block] = _Current(attempt, now)

    def _inputs(self, handle: RunHandle, block: str) -> dict[str, ProductRef | None]:
        """The pinned version of each upstream: the run's own, else the latest that is stored."""
        refs: dict[str, ProductRef | None] = {}
        for parent in handle.plan.graph[block]:
            if parent in handle.run.blocks:
                refs[parent] = handle.run.blocks[parent].ref
            else:
                refs[parent] = stored_input(self._store, handle.plan, block, parent)
        return refs

    def _on_event(self, handle: RunHandle, block: str, event: FromWorker | Captured | Ended) -> None:
        current = handle.current.get(block)
        now = self._clock()
        match event:
            case Log(level=level, text=text, at=at):
                handle.sink(events.BlockLogged(handle.plan.run, block, level, text, at))
            case Captured(stream=stream, text=text):
                handle.sink(events.BlockPrinted(handle.plan.run, block, stream, text, now))
            case Output() if current:
                current.output = event
            case Finished() if current:
                current.finished = event
            case Ask() if current:
                attempt = current.attempt
                self._answer(handle, event, lambda answer: self._supervisor.answer(attempt, answer))
            case Ended():
                self._ended(handle, block, event)
            case Started() | _:
                pass

    def _ended(self, handle: RunHandle, block: str, end: Ended) -> None:
        current = handle.current[block]
        self._active -= 1
        current.over = True
        while handle.held:
            due, order, other = handle.held.pop()
            heapq.heappush(self._queue, (due, order, handle, other))
        if handle.ended:
            return
        finished = current.finished
        if handle.plan.pipeline.run_in_one_process:
            handle.session = current.attempt if end.failure is None else None
        if end.failure is not None:
            failed = AttemptFailed(block, end.failure, final=end.failure.kind == "interrupted")
            self._retry_or_end(handle, failed)
        elif (
            finished is not None and finished.outcome is Outcome.WAITING and handle.run.blocks[block].state not in ENDED
        ):
            handle.current.pop(block)
            handle.sink(
                events.BlockLogged(
                    handle.plan.run, block, "INFO", f"not yet; asked again in {SENSOR_INTERVAL:g} s", self._clock()
                )
            )
            due = self._clock() + SENSOR_INTERVAL
            heapq.heappush(self._queue, (due, next(self._order), handle, block))
            return
        else:
            ref = current.output.ref if current.output else None
            self._advance(handle, AttemptSucceeded(block, ref))
        handle.current.pop(block, None)
        self._close(handle)

    def _retry_or_end(self, handle: RunHandle, failed: AttemptFailed) -> None:
        before = handle.run.blocks[failed.block]
        self._advance(handle, failed)
        after = handle.run.blocks[failed.block]
        if after.state is BlockState.QUEUED:
            wait = handle.run.policies[failed.block].wait(before.attempts) or 0.0
            now = self._clock()
            handle.sink(events.BlockRetrying(handle.plan.run, failed.block, before.attempts, wait, failed.failure, now))

    def _tell_ends(self, handle: RunHandle) -> None:
        """Report the blocks that have ended since the last time, then the run when nothing of it is left.

        A block that was cancelled has ended when its process has.
        """
        for block, entry in handle.run.blocks.items():
            if entry.state in ENDED and block not in handle.told and not _under_way(handle, block):
                handle.told.add(block)
                handle.sink(self._block_ended(handle, block))
        self._close(handle)

    def _block_ended(self, handle: RunHandle, block: str) -> events.BlockEnded:
        entry = handle.run.blocks[block]
        current = handle.current.get(block)
        now = self._clock()
        finished = current.finished if current else None
        output = current.output if current else None
        outputs = output.outputs if output else self._stored_outputs(entry.ref)
        return events.BlockEnded(
            handle.plan.run,
            block,
            entry.state,
            now,
            seconds=now - handle.first_start.get(block, now),
            attempts=entry.attempts,
            ref=entry.ref or (output.ref if output else None),
            outputs=outputs,
            tests=finished.tests if finished else (),
            failure=entry.failure,
            peak_memory=finished.peak_memory if finished else 0,
            cpu_seconds=finished.cpu_seconds if finished else 0.0,
            lineage=_lineage(current) if entry.failure is not None and current is not None else None,
        )

    def _stored_outputs(self, ref: ProductRef | None) -> tuple[OutputSummary, ...]:
        return tuple(self._store.manifest(ref).summaries()) if ref is not None else ()

    def _close(self, handle: RunHandle) -> None:
        if handle.ended or handle.run.state is RunState.RUNNING or handle.current:
            return
        handle.ended = True
        if handle.session is not None:
            self._supervisor.close_session(handle.session)
            handle.session = None
        self._tell_run_ended(handle, handle.run.state, "")

    def _tell_run_ended(self, handle: RunHandle, state: RunState, reason: str) -> None:
        self.handles.pop(handle.plan.run, None)
        now = self._clock()
        blocks = handle.run.blocks
        failed = next((block for block, entry in blocks.items() if entry.state is BlockState.FAILED), None)
        failure = blocks[failed].failure if failed is not None else None
        handle.sink(
            events.RunEnded(
                handle.plan.run,
                handle.plan.pipeline.uuid,
                state,
                now,
                now - handle.started,
                done=sum(entry.state in DONE for entry in blocks.values()),
                failed_block=failed,
                error=reason or (headline(failure.kind, failure.message) if failure is not None else ""),
            )
        )
        if handle.on_end is not None:
            handle.on_end(handle)


def _lineage(current: _Current) -> Lineage:
    """What a failed attempt was made from, as far as it is known when its process ended without a word."""
    if current.finished is not None and current.finished.lineage is not None:
        return current.finished.lineage
    order = current.attempt.order
    inputs = tuple(entry.ref for entry in order.inputs if entry.ref is not None)
    settings = block_settings(order.block.configuration)
    return Lineage(inputs=inputs, variables=order.variables, settings=settings, run=order.run, attempt=order.attempt)


def _under_way(handle: RunHandle, block: str) -> bool:
    """Whether a process still works on the block, be it to its end after an interrupt."""
    current = handle.current.get(block)
    return current is not None and not current.over


def _limit(plan: RunPlan) -> int:
    """How many blocks of the run may be under way at once."""
    if plan.pipeline.run_in_one_process:
        return 1
    limit: Mapping[str, object] = plan.pipeline.concurrency_config
    value = limit.get("block_run_limit")
    return int(value) if isinstance(value, int | float) and value >= 1 else len(plan.graph)


def failure_of(error: PenstockError) -> Failure:
    """An error of the control side, as the cause of a failed attempt."""
    return Failure(kind=type(error).__name__, message=error.message, hint=error.hint, code=error.code)
