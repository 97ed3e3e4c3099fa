"""The run loop: carries out the effects of the run state machine over a supervisor, for any number of runs at once.

It decides nothing about a run (model.run does) and remembers nothing (the sink does). Single-threaded: everything
happens inside `poll`.
"""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from penstock.data import ProductStore
from penstock.engine.aftermath import aftermath_of, left_waiting, owed
from penstock.engine.crew import Crew
from penstock.engine.endings import refusal_of
from penstock.engine.forcing import Forcing
from penstock.engine.freshness import fresh_version, with_items
from penstock.engine.handle import Asker, Asking, Current, RunHandle, Sink, coming, guarded, shares_processes
from penstock.engine.inputs import bound_inputs
from penstock.engine.plan import RunPlan, check_runnable, work_order
from penstock.engine.sensors import interval_of
from penstock.engine.stored_children import with_outside
from penstock.engine.streaming import YIELDS, believed, expansion_told, forget_parts, part_came, regrouped, without
from penstock.engine.supervisor import Attempt, Captured, Ended, Supervisor
from penstock.engine.telling import lost_callbacks, stored_outputs, told_by
from penstock.model import events
from penstock.model.errors import PenstockError, ValueRefusedError
from penstock.model.messages import (
    Answer,
    Ask,
    CallbackFailed,
    Failure,
    Finished,
    FromWorker,
    Log,
    Outcome,
    Output,
    WorkOrder,
    Yielded,
)
from penstock.model.run import (
    ENDED,
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    AttemptWaits,
    BlockFresh,
    BlockState,
    CancelRequested,
    ConditionFalse,
    Dispatch,
    Effect,
    Expanded,
    Grown,
    Kill,
    RunEvent,
    RunState,
    TimedOut,
    advance,
    restored,
)

__all__ = ["Asker", "RunHandle", "RunLoop", "Sink"]


class RunLoop:
    """Drives runs over one supervisor.

    Args:
        supervisor: brings attempts to life.
        store: the product store of the project.
        clock: seconds since the epoch.
        monotonic: seconds that only grow.
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
        monotonic: Callable[[], float] = time.monotonic,
        answer: Asker,
        width: int | None = None,
        total: int | None = None,
    ) -> None:
        self._supervisor = supervisor
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._answer = answer
        self._width = width or os.cpu_count() or 1
        self._total = total or self._width
        self._queue: list[tuple[float, int, RunHandle, str]] = []
        self._order = count()
        self._gated: list[tuple[float, int, RunHandle, str]] = []
        self._active = 0
        self._forcing = Forcing(store)
        self.handles: dict[str, RunHandle] = {}

    def start(
        self,
        plan: RunPlan,
        sink: Sink,
        *,
        on_end: Callable[[RunHandle], None] | None = None,
        resume: Mapping[str, Mapping[str, Any]] | None = None,
        gate: Callable[[RunHandle, str], bool] | None = None,
    ) -> RunHandle:
        """Begin a run; its blocks start inside the next `poll`.

        Args:
            plan: the run.
            sink: what is told of it.
            on_end: called when it has ended.
            resume: what `model.run.snapshot` gave for its blocks in the process that drove it before: what has ended
                stays so and is not told again, unless `told` says that it was not. `due` beside the rest: an attempt
                starts not before that moment, and `pause` seconds from now at the latest; `owed`: how often its
                callbacks were begun, which have not ended.
            gate: asked before each attempt whether it may start; one that may not is asked again after `release`.
        """
        now = self._clock()
        plan = self._forcing.prepared(replace(plan, fan_out=with_outside(self._store, plan)))
        keep_going = plan.options.keep_going
        resume = with_items(self._store, plan, resume or {})
        run, effects = restored(plan.run, plan.graph, plan.policies(), resume, keep_going=keep_going, fans=plan.fan_out)
        handle = self.handles[plan.run] = RunHandle(plan, run, sink, now, on_end, gate)
        handle.take_up(resume)
        sink(handle.begun_run(now))
        for key, order in owed(handle, self._store, resume, now):
            self._call_back(handle, key, order)
        self._apply(handle, effects)
        return handle

    def wait(self, handle: RunHandle) -> RunState:
        """Poll until that run has ended."""
        while not handle.ended:
            self.poll()
        return handle.state

    def poll(self, timeout: float | None = None) -> None:
        """Start what is due, then wait at most `timeout` seconds for something to happen."""
        runs = len(self.handles)
        self.dispatch()
        if len(self.handles) < runs:  # with what was fresh a run has ended: who waits for that is to look
            timeout = 0.0
        elif (until_due := self.until_due()) is not None:
            timeout = until_due if timeout is None else min(timeout, until_due)
        self._supervisor.poll(timeout)

    def fileno(self) -> int:
        """A descriptor that is readable when `poll(0)` has something to do, for an event loop; not on Windows."""
        return self._supervisor.fileno()

    def deadline(self) -> float | None:
        """When `poll(0)` must be called even if `fileno` is not readable, on the monotonic clock; None is never."""
        due = self._supervisor.deadline()
        if (until_due := self.until_due()) is not None:
            own = time.monotonic() + until_due
            due = own if due is None else min(due, own)
        return due

    def wait_readable(self, timeout: float) -> bool:
        """From another thread: whether `poll(0)` has something to do, at the latest after that many seconds."""
        return self._supervisor.wait_readable(timeout)

    def until_due(self) -> float | None:
        """Seconds until something can be dispatched; None while that takes the end of an attempt first."""
        if not self._queue or self._active >= self._total:
            return None
        return max(0.0, self._queue[0][0] - self._monotonic())

    def release(self) -> None:
        """Ask the gates again, at the next `dispatch`, about the attempts that they held back."""
        for entry in self._gated:
            heapq.heappush(self._queue, entry)
        self._gated.clear()

    def drop(self, handle: RunHandle) -> None:
        """Let go of a run that goes on elsewhere: its processes are ended, and nothing of it is told any more."""
        if handle.ended:
            return
        handle.ended = True
        self.handles.pop(handle.plan.run, None)
        for current in (*handle.current.values(), *handle.after.values()):
            self._supervisor.kill(current.attempt)
        if handle.session is not None:
            self._supervisor.close_session(handle.session)
            handle.session = None
        for crew in handle.crews.values():
            crew.close()
        if handle.on_end is not None:
            handle.on_end(handle)

    def cancel(self, handle: RunHandle) -> None:
        """Interrupt the run's attempts and end it as cancelled."""
        self._advance(handle, CancelRequested())

    def time_out(self, handle: RunHandle, state: RunState, reason: str) -> None:
        """End a run that has taken too long, as FAILED or CANCELLED, for that reason; its attempts are interrupted."""
        handle.reason = reason
        hint = "Raise the timeout of its trigger, or make its blocks do less."
        self._advance(handle, TimedOut(state, Failure("timeout", reason, hint, "X103")))

    def interrupt(self, handle: RunHandle, block: str) -> bool:
        """Interrupt the attempt of one block, which fails without a retry; whether it had one."""
        keys = [block, *handle.run.children.get(block, ())]
        found = [current for key in keys if (current := handle.current.get(key)) is not None]
        for current in found:
            self._supervisor.interrupt(current.attempt)
        return bool(found)

    def abandon(self, handle: RunHandle, failure: Failure) -> None:
        """Tell the end of a run whose processes are about to be ended with this one: nothing of it is waited for."""
        if handle.ended:
            return
        handle.ended = True
        for told in handle.cut_off(failure, self._clock()):
            handle.sink(told)
        self._tell_run_ended(handle, RunState.INTERRUPTED, failure.message)

    def _apply(self, handle: RunHandle, effects: list[Effect]) -> None:
        if gone := regrouped(handle, effects):
            self._queue, self._gated = without(self._queue, handle, gone), without(self._gated, handle, gone)
            heapq.heapify(self._queue)
        made = dict.fromkeys(effect.block for effect in effects if isinstance(effect, Expanded | Grown))
        self._tell_ends(handle, without=made)  # what a block has waited for ends before its children are told
        for effect in effects:
            match effect:
                case Dispatch(block=key, delay=delay):
                    moment, most = handle.due.pop(key, (0.0, 0.0))
                    wait = max(delay, min(moment - self._clock(), most))
                    due = self._monotonic() + wait  # what waits, waits as long whoever sets the clock
                    heapq.heappush(self._queue, (due, next(self._order), handle, key))
                case Kill(block=key):
                    if current := handle.current.get(key):
                        self._supervisor.interrupt(current.attempt)
                case Expanded() | Grown():
                    handle.first_start.setdefault(effect.block, self._clock())
                    self._crew(handle, effect.block)
                    for told in expansion_told(handle, effect, self._clock()):
                        handle.sink(told)
                    self._supervisor.expect(*coming(handle, effect, self._width, self._total - self._active))
        self._tell_ends(handle, *made)

    def _advance(self, handle: RunHandle, event: RunEvent) -> None:
        handle.run, effects = advance(handle.run, event)
        self._apply(handle, effects)

    def dispatch(self) -> None:
        """Start the attempts that are due and for which there is room."""
        now = self._monotonic()
        while self._queue and self._queue[0][0] <= now and self._active < self._total:
            due, order, handle, block = heapq.heappop(self._queue)
            if handle.ended or handle.run.blocks[block].state in ENDED:
                continue
            if not handle.room(self._width) or block in handle.after:  # callbacks of an attempt that was withdrawn
                handle.held.append((due, order, block))  # until one of its attempts has ended
                continue
            if handle.gate is not None and not guarded(handle, self._may_start)(handle.gate, due, order, handle, block):
                continue
            guarded(handle, self._dispatch)(handle, block)

    def _may_start(
        self, gate: Callable[[RunHandle, str], bool], due: float, order: int, handle: RunHandle, key: str
    ) -> bool:
        """Ask the gate; what it refuses, or cannot answer, is kept."""
        entry = (due, order, handle, key)
        try:
            allowed = gate(handle, key)
        except BaseException:
            heapq.heappush(self._queue, entry)
            raise
        if not allowed:
            self._gated.append(entry)
        return allowed

    def _dispatch(self, handle: RunHandle, key: str) -> None:
        """Start an attempt, or take the stored version when it is fresh and only what is stale may run."""
        plan, base = handle.plan, handle.run.base(key)
        try:
            check_runnable(plan, base)
            inputs = bound_inputs(self._store, plan, handle.run, key)
            if plan.options.stale_only:
                fresh = fresh_version(self._store, plan, base, inputs, key)
                if fresh is not None:
                    self._forcing.take(handle, fresh)
                    self._advance(handle, BlockFresh(key, fresh.ref, fresh.items))
                    return
            fence = self._store.issue_fence(plan.run, key)
            failed, child = handle.run.blocks[key].attempts, handle.run.units.get(key)
            order = work_order(plan, base, fence, inputs, failed_attempts=failed, child=child)
        except PenstockError as error:
            self._advance(handle, AttemptStarted(key))
            self._advance(handle, AttemptFailed(key, refusal_of(error), final=True))
            return
        self._advance(handle, AttemptStarted(key))
        now = self._clock()
        handle.first_start.setdefault(key, now)
        handle.sink(events.BlockStarted(plan.run, key, fence.token, now))
        handle.current[key] = Current(self._launch(handle, base, key, order), now)
        self._active += 1

    def _launch(self, handle: RunHandle, base: str, key: str, order: WorkOrder) -> Attempt:
        """Start the attempt in a process of its own, or in one that is shared."""
        on_event = guarded(handle, partial(self._on_event, handle, key))
        if handle.plan.pipeline.run_in_one_process:
            return self._supervisor.launch(order, on_event=on_event, reuse=handle.session, keep=True)
        return self._supervisor.launch(order, on_event=on_event, crew=self._crew(handle, base))

    def _crew(self, handle: RunHandle, block: str) -> Crew | None:
        """The processes that the children of that block share, if they do."""
        if not shares_processes(handle.plan, block):
            return None
        if block not in handle.crews:
            handle.crews[block] = self._supervisor.crew()
        return handle.crews[block]

    def _on_event(self, handle: RunHandle, block: str, event: FromWorker | Captured | Ended) -> None:
        current = handle.current.get(block)
        now = self._clock()
        match event:
            case Log() | Captured() | CallbackFailed():
                handle.sink(told_by(handle.plan.run, block, event, now))
            case Output() if current:
                current.output = event
            case Finished() if current:
                current.finished = event
            case Yielded() if current and not handle.ended:
                self._yielded(handle, block, current, event)
            case Ask() if current or block in handle.after:
                self._ask(handle, block, current or handle.after[block], event)
            case Ended():
                self._ended(handle, block, believed(handle.current[block], event))

    def _yielded(self, handle: RunHandle, key: str, current: Current, event: Yielded) -> None:
        """A block has yielded a part: its children begin."""
        came = part_came(key, current, event)
        if came is None:  # no process of ours says that
            self._supervisor.kill(current.attempt)
            return
        self._active -= not current.asks
        current.asks.add(YIELDS)
        self._advance(handle, came)
        self._refill(handle)

    def _ask(self, handle: RunHandle, key: str, current: Current, ask: Ask) -> None:
        """Have a request answered; while it is not, the attempt takes no place."""
        self._active -= not current.asks
        current.asks.add(ask.id)

        def reply(answer: Answer) -> None:
            if ask.id in current.asks:
                current.asks.discard(ask.id)
                self._active += not current.asks
                self._supervisor.answer(current.attempt, answer)

        failed = handle.failures.get(key)
        self._answer(Asking(handle, key, current.attempt.order.attempt, ask, reply, failed, current))
        if current.asks:
            self._refill(handle)

    def _left(self, current: Current) -> None:
        """An attempt has ended: its place is free, unless it had none."""
        self._active -= not current.asks
        current.asks.clear()
        current.over = True

    def _refill(self, handle: RunHandle) -> None:
        """Let go on what waits for room in its run."""
        for _ in range(min(handle.room(self._width), len(handle.held))):
            due, order, other = handle.held.popleft()
            heapq.heappush(self._queue, (due, order, handle, other))

    def _ended(self, handle: RunHandle, key: str, end: Ended) -> None:
        current = handle.current[key]
        self._left(current)
        self._keep_process(handle, current, end)
        if not handle.ended:
            self._concluded(handle, key, current, end)
        self._refill(handle)

    def _keep_process(self, handle: RunHandle, current: Current, end: Ended) -> None:
        """The process that all blocks of the run share waits for the next of them, unless it has failed."""
        if handle.plan.pipeline.run_in_one_process:
            handle.session = current.attempt if end.failure is None and not handle.ended else None
            if handle.session is None:
                self._supervisor.close_session(current.attempt)

    def _concluded(self, handle: RunHandle, key: str, current: Current, end: Ended) -> None:
        finished = current.finished
        outcome = finished.outcome if finished is not None else None
        if end.failure is not None:
            # What cannot be stored could not the next time either, and the code would have done its work twice.
            final = end.failure.kind == "interrupted" or end.failure.code == ValueRefusedError.code
            failed = AttemptFailed(key, end.failure, final=final)
            self._retry_or_end(handle, failed)
        elif outcome is Outcome.WAITING and handle.run.blocks[key].state not in ENDED:
            self._wait(handle, key)
            return
        elif finished is not None and outcome is Outcome.CONDITION_FALSE:
            self._advance(handle, ConditionFalse(key, finished.condition, finished.failure))
        else:
            ref = current.output.ref if current.output else None
            self._forcing.begin(handle, ref)
            self._advance(handle, AttemptSucceeded(key, ref, finished.items if finished is not None else None))
        self._tell_ends(handle, key)
        handle.current.pop(key, None)
        self._call_back(handle, key, aftermath_of(current.attempt.order, handle.run.blocks[key]))
        self._close(handle)

    def _wait(self, handle: RunHandle, key: str) -> None:
        """A sensor has said "not yet": ask it again later, in another process."""
        handle.current.pop(key)
        self._advance(handle, AttemptWaits(key))
        if handle.run.blocks[key].state is BlockState.QUEUED:  # else another block has failed, and the run stops
            pause, now = interval_of(handle.plan.block(handle.run.base(key)).configuration), self._clock()
            handle.sink(events.BlockLogged(handle.plan.run, key, "INFO", f"not yet; asked again in {pause:g} s", now))
            handle.sink(events.BlockWaiting(handle.plan.run, key, now + pause, now))
            heapq.heappush(self._queue, (self._monotonic() + pause, next(self._order), handle, key))

    def _call_back(self, handle: RunHandle, key: str, order: WorkOrder | None) -> None:
        """Run the callbacks of a block that has not ended well, in a process of their own."""
        if order is None:
            return
        on_event = guarded(handle, partial(self._on_callback, handle, key))
        handle.after[key] = Current(self._supervisor.launch(order, on_event=on_event), self._clock())
        self._active += 1

    def _on_callback(self, handle: RunHandle, key: str, event: FromWorker | Captured | Ended) -> None:
        if not isinstance(event, Ended):
            if isinstance(event, Log | Captured | Ask | CallbackFailed) and not handle.ended:
                self._on_event(handle, key, event)
            return
        ended = handle.after.pop(key)
        self._left(ended)
        handle.unsaved.add(key)
        failure = event.failure if not handle.ended else None
        for told in lost_callbacks(handle.plan.run, key, ended.attempt, failure, self._clock()):
            handle.sink(told)
        self._refill(handle)
        self._close(handle)

    def _retry_or_end(self, handle: RunHandle, failed: AttemptFailed) -> None:
        before = handle.run.blocks[failed.block]
        self._advance(handle, failed)
        after = handle.run.blocks[failed.block]
        if after.state is BlockState.QUEUED:
            wait = handle.run.policy(failed.block).wait(before.attempts) or 0.0
            now = self._clock()
            handle.failures[failed.block] = (now, failed.failure.kind)
            handle.sink(events.BlockRetrying(handle.plan.run, failed.block, before.attempts, wait, failed.failure, now))

    def _tell_ends(self, handle: RunHandle, *also: str, without: Collection[str] = ()) -> None:
        """Report what has ended since the last time, then the run when nothing of it is left; or all but some.

        A block that was cancelled has ended when its process has: `also` are those whose process just did.
        """
        changed = handle.run.take_changes()
        handle.unsaved.update(changed)
        for key in (*changed, *also):
            entry = handle.run.blocks[key]
            if entry.state in ENDED and key not in handle.told and key not in without and not handle.under_way(key):
                handle.told.add(key)
                handle.sink(handle.ended_block(key, self._clock(), stored_outputs(self._store, handle, key)))
                if (crew := handle.crews.pop(key, None)) is not None:
                    crew.close()
                self._call_back(handle, key, left_waiting(handle, self._store, key))
        if not without:
            self._close(handle)

    def _close(self, handle: RunHandle) -> None:
        if handle.ended or handle.run.state is RunState.RUNNING or handle.current or handle.after:
            return
        handle.ended = True
        if handle.session is not None:
            self._supervisor.close_session(handle.session)
            handle.session = None
        if handle.plan.fan_out.streams:
            forget_parts(self._store, handle.plan.run)
        self._forcing.settle(handle)
        self._tell_run_ended(handle, handle.state, handle.reason)

    def _tell_run_ended(self, handle: RunHandle, state: RunState, reason: str) -> None:
        self.handles.pop(handle.plan.run, None)
        handle.sink(handle.ended_run(state, self._clock(), reason))
        if handle.on_end is not None:
            handle.on_end(handle)
