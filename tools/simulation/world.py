# ruff: noqa: PLR2004 - chances
"""The world of a simulation: time, the data store's fences, and workers that publish when their time has come."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from penstock.engine.supervisor import Ended
from penstock.model.messages import Answer, Ask, AskKind, Failure, Finished, Outcome, Output, WorkOrder, Yielded
from penstock.model.product import Address, Fence, Items, ProductRef
from tools.simulation.streams import Streams, parts_of, together

START = 1_750_000_000.0


class BrokenPromiseError(BaseException):
    """One of the promises was broken; no net of the scheduler's is to catch it."""


@dataclass(slots=True)
class World:
    """Time and what is outside of the schedulers. `now` is the time that has passed, `offset` what the clock adds."""

    seed: int
    rng: random.Random = field(init=False)
    now: float = 0.0
    offset: float = START
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    order: Any = field(default_factory=count)
    fences: dict[tuple[str, str], int] = field(default_factory=dict)
    published: dict[tuple[str, str, int], str] = field(default_factory=dict)
    versions: Any = field(default_factory=lambda: count(1))
    streams: Streams = field(default_factory=Streams)
    launched: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def clock(self) -> float:
        """What the clock on the wall shows."""
        return self.now + self.offset

    def monotonic(self) -> float:
        """The time that has passed."""
        return self.now

    def at(self, delay: float, what: Callable[[], None]) -> None:
        """Have something happen after so many seconds."""
        heapq.heappush(self.events, (self.now + delay, next(self.order), what))

    def issue_fence(self, run: str, block: str) -> Fence:
        """The right to publish, taken from every earlier attempt."""
        token = self.fences[run, block] = self.fences.get((run, block), 0) + 1
        return Fence(run, block, token)

    def publish(self, fence: Fence, address: Address) -> ProductRef | None:
        """Publish for an attempt; None when it has lost the right."""
        key = (fence.run, fence.block, fence.token)
        if self.fences.get((fence.run, fence.block)) != fence.token:
            return None
        if key in self.published:
            raise BrokenPromiseError(f"{key} has published twice")
        version = self.published[key] = f"{next(self.versions):08d}"
        self.streams.tokens[version] = fence.token
        return ProductRef(address, version)

    def manifest(self, ref: ProductRef) -> World:
        """What is known of a version: nothing."""
        del ref
        return self

    def yielded(self, fence: Fence, items: Items) -> bool:
        """Keep a part; False when the attempt has lost the right to it."""
        if self.fences.get((fence.run, fence.block)) != fence.token:
            return False
        self.streams.parts.setdefault((fence.run, fence.block, fence.token), []).append(items)
        return True

    def yielding(self, run: str) -> tuple[()]:
        """What a run that has ended has yielded goes at once: nothing of it is left to be removed."""
        self.streams.forget(run)
        return ()

    def summaries(self) -> tuple[()]:
        """No outputs."""
        return ()

    def latest(self, address: Address) -> None:
        """There is no earlier version of anything."""
        del address


@dataclass(slots=True, eq=False)
class Worker:
    """The attempt of a block: a process that ends at some time, well or not; `ended` is None until then.

    `parts` are what it is still to yield, `told` how many it has told of, `heard` how many of these its owner has heard.
    """

    order: WorkOrder
    on_event: Callable[[Any], None]
    ended: bool | None = None
    wishes: deque[dict[str, Any]] = field(default_factory=deque)
    asked: dict[str, Any] = field(default_factory=dict)
    parts: deque[Items] = field(default_factory=deque)
    told: int = 0
    heard: int = 0


class Workers:
    """A supervisor whose processes are entries in the calendar of the world.

    Args:
        world: where time passes.
        turned: called when something has happened that its owner has to look at.
        check: called with each order before it begins.
        say: told in words what happens.
        wishes: what the code of an attempt asks for.
    """

    def __init__(
        self,
        world: World,
        turned: Callable[[], None],
        check: Callable[[WorkOrder], None],
        say: Callable[[str], None] = lambda _: None,
        wishes: Callable[[WorkOrder], list[dict[str, Any]]] = lambda _: [],
    ) -> None:
        self.world = world
        self._turned = turned
        self._check = check
        self._say = say
        self._wishes = wishes
        self._inbox: list[Callable[[], None]] = []
        self.alive: list[Worker] = []

    def launch(
        self, order: WorkOrder, *, on_event: Any, reuse: Any = None, keep: bool = False, crew: Any = None
    ) -> Worker:
        """Begin an attempt."""
        del reuse, keep, crew
        self._check(order)
        world = self.world
        world.launched += 1
        self._say(f"{order.run} {order.key}: attempt {order.attempt} begins, fence {order.fence.token}")
        worker = Worker(order, on_event, wishes=deque(self._wishes(order)))
        self.alive.append(worker)
        if order.tell_parts:
            worker.parts.extend(parts_of(order))
            self._yield_later(worker)
            return worker
        if worker.wishes:
            world.at(world.rng.random(), lambda: self._ask(worker))
            if world.rng.random() < 0.2:
                world.at(world.rng.random() * 10, lambda: self._end(worker, "lost"))
            return worker
        seconds = world.rng.choice((0.01, 0.05, 0.2, 1.0, 5.0, 20.0)) * world.rng.random()
        world.at(seconds, lambda: self._done(worker))
        return worker

    def _ask(self, worker: Worker) -> None:
        """The code asks for what it wants next, and is done when it wants nothing more."""
        if not worker.wishes:
            self._done(worker)
            return
        worker.asked = worker.wishes.popleft()
        ask = Ask(len(worker.wishes), AskKind.TRIGGER_PIPELINE, worker.asked)

        def deliver() -> None:
            if worker in self.alive and not worker.ended:
                worker.on_event(ask)

        self._inbox.append(deliver)
        self._turned()

    def _yield_later(self, worker: Worker) -> None:
        rng = self.world.rng
        self.world.at(rng.choice((0.01, 0.2, 1.0, 5.0, 12.0)) * rng.random(), lambda: self._yield(worker))

    def _yield(self, worker: Worker) -> None:
        """The code yields what comes next, or goes wrong in the middle of it."""
        if worker.ended:
            return
        if not worker.parts:
            self._done(worker)
            return
        fate, order, number = self.world.rng.random(), worker.order, worker.told
        if fate < 0.03:
            self._tell(worker, Ended(Failure("lost", "the process was killed", code="X102")))
            return
        if fate < 0.1:
            self._fail(worker, Failure("ValueError", "it went wrong"))
            return
        items = worker.parts.popleft()
        if not self.world.yielded(order.fence, items):
            self._fail(worker, Failure("FenceLostError", "another attempt has begun"))
            return
        worker.told += 1
        part = Yielded(number if fate > 0.11 else number + 1, items)  # one that nobody has told of is not believed
        self._say(f"{order.run} {order.key}: yields part {part.number} of {items}")

        def deliver() -> None:
            if worker in self.alive:
                # Nothing is believed after one that is refused, nor of a run that its owner has just let go of.
                worker.heard += part.number == worker.heard and not worker.ended
                worker.on_event(part)

        self._inbox.append(deliver)
        self._turned()
        self._yield_later(worker)

    def answer(self, worker: Worker, answer: Answer) -> None:
        """The code goes on, or fails with what it is told, where it does not expect that."""
        if worker.ended:
            return
        self._say(f"{worker.order.run} {worker.order.key}: is told {answer.error or answer.value}")
        if answer.error is not None and worker.asked["error_on_failure"]:
            failure = Failure("BlockFailedError", answer.error)
            self.world.at(0.01, lambda: self._fail(worker, failure))
        else:
            self.world.at(self.world.rng.random(), lambda: self._ask(worker))

    def _fail(self, worker: Worker, failure: Failure) -> None:
        if not worker.ended:
            self._tell(worker, Finished(Outcome.FAILED, 0.0, failure), Ended(failure))

    def _done(self, worker: Worker) -> None:
        """The process has come to its end: it publishes, even when its parent is gone."""
        if worker.ended:
            return
        rng, order = self.world.rng, worker.order
        fate = rng.random()
        if fate < 0.08:
            self._tell(worker, Ended(Failure("lost", "the process was killed", code="X102")))
            return
        if fate < 0.2:
            failure = Failure("ValueError", "it went wrong")
            self._tell(worker, Finished(Outcome.FAILED, 0.0, failure), Ended(failure))
            return
        ref = self.world.publish(order.fence, Address(order.pipeline, order.key, order.partition))
        if ref is None:
            failure = Failure("FenceLostError", "another attempt has begun")
            self._tell(worker, Finished(Outcome.FAILED, 0.0, failure), Ended(failure))
            return
        items = self._items(order, fate) if order.dynamic else None
        self._tell(worker, Output(ref, ()), Finished(Outcome.SUCCEEDED, 0.0, items=items), Ended(None))

    def _items(self, order: WorkOrder, fate: float) -> Items:
        """What the process of a dynamic block says in the end of all that it has come to; not always what it yielded."""
        made = (order.fence.run, order.fence.block, order.fence.token)
        parts = self.world.streams.parts.setdefault(made, [] if order.tell_parts else parts_of(order))
        items = together(parts)
        return items if fate < 0.97 or not (order.tell_parts and parts) else Items(items.count + 1)

    def _tell(self, worker: Worker, *told: Any) -> None:
        worker.ended = True
        self._say(f"{worker.order.run} {worker.order.key}: {told[-1].failure or 'done'}")

        def deliver() -> None:
            if worker in self.alive:
                self.alive.remove(worker)
                for event in told:
                    worker.on_event(event)

        self._inbox.append(deliver)
        self._turned()

    def poll(self, timeout: float | None) -> None:
        """Tell what has come in."""
        del timeout
        inbox, self._inbox = self._inbox, []
        for deliver in inbox:
            deliver()

    def interrupt(self, attempt: Worker) -> None:
        """End an attempt: it takes a moment."""
        self.world.at(self.world.rng.random() * 2, lambda: self._end(attempt, "interrupted"))

    def kill(self, attempt: Worker) -> None:
        """End an attempt at once."""
        self._end(attempt, "killed")

    def expect(self, order: object, count: int) -> None:
        """Processes come up when they are wanted."""

    def close_session(self, attempt: Worker) -> None:
        """There are no sessions."""

    def _end(self, worker: Worker, why: str) -> None:
        if not worker.ended:
            self._tell(worker, Ended(Failure(why, "it was ended", code="X104")))

    def crash(self) -> None:
        """Their parent is gone: most die with it, some go on for a while and try to publish."""
        for worker in self.alive:
            if self.world.rng.random() < 0.7:
                worker.ended = True
        self.alive.clear()
        self._inbox.clear()
