"""Runs that blocks ask for where no scheduler is: they run in the same process, each with a record of its own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from penstock.engine.handle import Asking, RunHandle, Sink
from penstock.engine.plan import RunOptions, RunPlan
from penstock.model.errors import PenstockError, RunNotFoundError
from penstock.model.messages import Answer
from penstock.model.run import ENDED
from penstock.observe.archive import RunArchive
from penstock.project import Project
from penstock.schedule.asking import wish_for
from penstock.schedule.family import ASKED, belongs
from penstock.schedule.wishes import DEEPEST, KILLED, Wish, ended_answer, late_answer, refuse_circle, told
from penstock.state.rows import BlockRunRow, RunRow


class Starter(Protocol):
    """What decides and begins runs: the workbench."""

    def plan(self, pipeline: str, options: RunOptions) -> RunPlan:
        """Decide a run of that pipeline."""

    def start(self, plan: RunPlan, sinks: Iterable[Sink]) -> RunHandle:
        """Begin it."""

    def cancel(self, handle: RunHandle) -> None:
        """End it."""

    def alarm(self, key: object, seconds: float, call: Callable[[], None]) -> None:
        """Call back once, so many seconds from now."""


@dataclass(slots=True)
class _Child:
    """A run that a block has asked for; `asked` as in `schedule.family`, `ended` when it has."""

    handle: RunHandle
    parent: RunHandle
    asked: dict[str, object]
    ended: float | None = None

    def row(self) -> RunRow:
        """The run as a row of a store would tell it."""
        handle = self.handle
        ended = handle.ended_run(handle.state, self.ended or time.time(), handle.reason)
        return RunRow(
            handle.plan.run,
            handle.plan.pipeline.uuid,
            handle.started,
            state=handle.state.value,
            variables=dict(handle.plan.options.variables),
            options={ASKED: self.asked},
            execution_date=handle.plan.started.timestamp(),
            started_at=handle.started,
            ended_at=self.ended,
            error=ended.error,
            parent_run=self.parent.plan.run,
        )

    def value(self) -> dict[str, object]:
        """What code is told of it."""
        entries = self.handle.run.blocks
        blocks = [
            BlockRunRow(
                self.handle.plan.run,
                key,
                position,
                state=entries[key].state.value,
                started_at=self.handle.first_start.get(key),
                ended_at=self.ended if entries[key].state in ENDED else None,
            )
            for position, key in enumerate(self.handle.plan.graph)
        ]
        return told(self.row(), blocks)


@dataclass(slots=True)
class Nested:
    """The runs that blocks of this process have asked for; `bench` is set once the workbench stands.

    `started` are those that have not ended, and the last that have.
    """

    project: Project
    bench: Starter | None = None
    started: list[RunHandle] = field(default_factory=list)
    _children: dict[str, _Child] = field(default_factory=dict)
    _keys: dict[tuple[str, str], str] = field(default_factory=dict)
    _counts: dict[tuple[str, str, int], Counter[str]] = field(default_factory=dict)
    _waits: dict[str, list[tuple[Asking, Wish]]] = field(default_factory=dict)

    def ask(self, asking: Asking) -> None:
        """Answer a request, now or when the run has ended."""
        number = asking.ask.id
        try:
            wish = wish_for(asking.ask, self.project)
            if wish is None:
                asking.reply(Answer(number, value=self._stands(str(asking.ask.arguments.get("run") or ""))))
            else:
                self._carry_out(asking, wish)
        except PenstockError as error:
            asking.reply(Answer(number, error=error.message, hint=error.hint, code=error.code))

    def ended(self, handle: RunHandle) -> None:
        """A run has ended: answer those that waited for it, and end what it waited for itself."""
        name = handle.plan.run
        if (child := self._children.get(name)) is not None:
            child.ended = time.time()
        for asking, wish in self._waits.pop(name, ()):
            if not asking.over and child is not None:
                asking.reply(ended_answer(asking.ask.id, wish, child.value()))
        for run, waits in list(self._waits.items()):
            left = [(asking, wish) for asking, wish in waits if asking.handle is not handle]
            if len(left) == len(waits):
                continue
            self._waits[run] = left
            waited = self._children[run]
            if not left and not waited.handle.ended and not waited.asked.get("product") and self.bench is not None:
                self.bench.cancel(waited.handle)

    def _stands(self, name: str) -> dict[str, object]:
        child = self._children.get(name)
        if child is None:
            raise RunNotFoundError(
                f"reading the run {name[:100]}: no block of this process has asked for it",
                hint="Without a scheduler a block knows the runs that were asked for in the same `penstock run`.",
            )
        return child.value()

    def _carry_out(self, asking: Asking, wish: Wish) -> None:
        child = self._of_last_attempt(asking, wish)
        if child is None:
            child = self._product(wish)
            if child is None and wish.product is not None and (fresh := self._fresh(wish)) is not None:
                asking.reply(ended_answer(asking.ask.id, wish, fresh))
                return
        if wish.waits:
            refuse_circle(wish.pipeline, self._way(asking.handle))
        if child is None:
            child = self._begin(asking, wish)
        name = child.handle.plan.run
        child.asked |= {"waits": bool(child.asked.get("waits")) or wish.waits, "unheard": False}
        if not wish.waits:
            asking.reply(Answer(asking.ask.id, value=child.value()))
        elif child.handle.ended:
            asking.reply(ended_answer(asking.ask.id, wish, child.value()))
        else:
            self._waits.setdefault(name, []).append((asking, wish))
            if wish.timeout is not None and self.bench is not None:
                self.bench.alarm((name, asking.ask.id), wish.timeout, lambda: self._late(asking, wish, child))

    def _late(self, asking: Asking, wish: Wish, child: _Child) -> None:
        waits = self._waits.get(child.handle.plan.run, [])
        if (asking, wish) in waits:
            waits.remove((asking, wish))
            child.asked |= {"waits": bool(waits), "unheard": True}
            asking.reply(late_answer(asking.ask.id, wish, child.value()))

    def _of_last_attempt(self, asking: Asking, wish: Wish) -> _Child | None:
        """The run that this wish has made before, when the block goes on with it."""
        run = asking.handle.plan.run
        counts = self._counts.setdefault((run, asking.block, asking.attempt), Counter())
        same = wish.key(asking.block, 0)
        key = wish.key(asking.block, counts[same])
        counts[same] += 1
        found = self._children.get(self._keys.get((run, key), ""))
        if found is not None and belongs(found.row(), asking.failed, KILLED):
            return found
        self._keys.pop((run, key), None)
        return None

    def _product(self, wish: Wish) -> _Child | None:
        """The run that is to renew a data product, when somebody has asked for it."""
        if wish.product is None:
            return None
        named = (child for child in self._children.values() if child.asked.get("product") == wish.product.uuid)
        return next((child for child in named if not child.handle.ended), None)

    def _fresh(self, wish: Wish) -> dict[str, object] | None:
        """The newest completed run of a data product's pipeline, when that is new enough."""
        assert wish.product is not None
        heads = RunArchive(self.project.logs_root()).newest(wish.pipeline)
        head = next((head for head in heads if head.state == "completed" and head.what in {"", "all"}), None)
        last = datetime.fromtimestamp(head.ended or head.started, UTC) if head is not None else None
        if head is None or wish.product.outdated(last, datetime.now(UTC)):
            return None
        row = RunRow(
            head.run, head.pipeline, head.started, state=head.state, started_at=head.started, ended_at=head.ended
        )
        return told(row)

    def _way(self, handle: RunHandle) -> list[str]:
        """The pipelines of the runs that would wait, the nearest first."""
        way = [handle.plan.pipeline.uuid]
        child = self._children.get(handle.plan.run)
        while child is not None and child.asked.get("waits") and len(way) <= DEEPEST:
            way.append(child.parent.plan.pipeline.uuid)
            child = self._children.get(child.parent.plan.run)
        return way

    def _begin(self, asking: Asking, wish: Wish) -> _Child:
        assert self.bench is not None
        parent = asking.handle.plan
        options = RunOptions(
            variables=wish.variables,
            blocks=wish.blocks,
            skip_sensors=wish.skip_sensors,
            origin="block",
            environment=parent.options.environment,
            parent=parent.run,
            parent_block=asking.block,
            remote_blocks=wish.remote_blocks,
        )
        plan = self.bench.plan(wish.pipeline, options)
        counts = self._counts[parent.run, asking.block, asking.attempt]
        key = wish.key(asking.block, counts[wish.key(asking.block, 0)] - 1)
        asked: dict[str, object] = {"block": asking.block, "key": key, "waits": wish.waits}
        if wish.product is not None:
            asked["product"] = wish.product.uuid
        handle = self.bench.start(plan, [])
        child = self._children[plan.run] = _Child(handle, asking.handle, asked)
        self._keys[parent.run, key] = plan.run
        self.started = [*(other for other in self.started if not other.ended), handle]
        return child
