"""Which waiting runs may begin, and which blocks may start: limits, priorities, fairness between pipelines.

What is taken is counted in the transaction that takes it, one scheduler after the other, so that any number of them
keeps to the same limits. Runs count while somebody drives them; what blocks hold is given back with their end, and with
the end or the loss of their run.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.model.expand import base_of
from penstock.model.trigger import OnLimit
from penstock.schedule.blame import blaming
from penstock.schedule.fairness import Turns
from penstock.schedule.family import is_awaited
from penstock.schedule.limit_rules import Rules, on_limit, trigger_limit
from penstock.schedule.rearm import rearm
from penstock.state.rows import Blocked, RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.engine.plan import RunPlan
    from penstock.state.store import State

_MADE = frozenset({"schedule", "dependency", "event", "api"})
"""Origins whose runs `on_pipeline_run_limit_reached: skip` drops; what people asked for one by one always waits."""


AWAY = "project_away"
"""What a run waits for whose project cannot be opened."""
AWAY_REST = 5.0
"""Seconds until it is tried again: nobody tells that it is back."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A limit that keeps something from beginning: which, in words, and what would change it."""

    kind: str
    text: str
    change: str


@dataclass(slots=True)
class Load:
    """How many runs are under way: in all, by pipeline, by trigger.

    `idle` counts those among them that wait for the end of another run, and do nothing until then. `full` are the
    triggers of which runs were found that their limit keeps back.
    """

    total: int = 0
    pipelines: Counter[str] = field(default_factory=Counter)
    triggers: Counter[int] = field(default_factory=Counter)
    idle: Load | None = None
    full: set[int] = field(default_factory=set)

    @classmethod
    def counted(cls, groups: Iterable[Mapping[str, Any]]) -> Load:
        """From what `state.runs.open_counts` gives."""
        load = cls(idle=cls())
        assert load.idle is not None
        for group in groups:
            if group["state"] == "running" or group["leased"]:
                load.add(group["pipeline"], group["trigger_id"], int(group["count"]))
                if group["waits"]:
                    load.idle.add(group["pipeline"], group["trigger_id"], int(group["count"]))
        return load

    def before(self, row: RunRow) -> tuple[int, int, int]:
        """How many runs a limit counts before that one begins: in all, of its pipeline, of its trigger.

        One that a block waits for is not kept back by those that wait themselves, else all might wait for ever.
        """
        trigger = self.triggers[row.trigger_id] if row.trigger_id is not None else 0
        if self.idle is None or not is_awaited(row):
            return self.total, self.pipelines[row.pipeline], trigger
        total, pipeline, own = self.idle.before(row)
        return self.total - total, self.pipelines[row.pipeline] - pipeline, trigger - own

    def add(self, pipeline: str, trigger: int | None, count: int = 1) -> None:
        """So many more."""
        self.total += count
        self.pipelines[pipeline] += count
        if trigger is not None:
            self.triggers[trigger] += count


def refusal(rules: Rules, load: Load, row: RunRow) -> Refusal | None:
    """The limit that keeps a run from beginning; None when it may."""
    if rules.away:
        return Refusal(
            AWAY,
            f"the project cannot be opened just now: {rules.away}",
            "It begins as soon as the project's folder is back.",
        )
    total, taken, of_trigger = load.before(row)
    if rules.project is not None and total >= rules.project:
        return Refusal(
            "project_limit",
            f"{_runs(total)} of the project under way, and its limit is {rules.project}",
            "It begins when one of them ends, or when pipeline_run_limit_all_pipelines of the project is raised.",
        )
    if rules.pipeline is not None and taken >= rules.pipeline:
        return Refusal(
            "pipeline_limit",
            f"{_runs(taken)} of pipeline {row.pipeline} under way, and its limit is {rules.pipeline}",
            "It begins when one of them ends, or when pipeline_run_limit_all_triggers of the pipeline is raised.",
        )
    limit = trigger_limit(rules, row.settings) if row.trigger_id is not None else None
    if limit is not None and of_trigger >= limit:
        return Refusal(
            "trigger_limit",
            f"{_runs(of_trigger)} of its trigger under way, and the trigger's limit is {limit}",
            "It begins when one of them ends, or when pipeline_run_limit of the trigger is raised.",
        )
    return None


def blocked_words(blocked: Blocked) -> Refusal:
    """What keeps a block from starting, in words."""
    kind, _, name = blocked.key.partition(":")
    free = max(0, blocked.capacity - blocked.taken)
    if kind == "resource":
        return Refusal(
            kind,
            f"it needs {blocked.units} of {name}, of which {free} of {blocked.capacity} is free",
            f"It starts when a block that holds {name} ends, or when resources.{name} of the project is raised.",
        )
    return Refusal(
        "block_limit",
        f"block {name} is under way {_times(blocked.taken)}, and its limit is {blocked.capacity}",
        "It starts when one of them ends, or when block_run_limit_per_block_uuid of the project is raised.",
    )


class Limits:
    """Keeps runs and blocks to the limits of their pipelines.

    Args:
        state: the store.
        rules: the rules of a pipeline, such as a `RuleBook`.
    """

    def __init__(self, state: State, rules: Callable[[str], Rules]) -> None:
        self._state = state
        self._rules = rules
        self._turns = Turns()
        self.again_at: float | None = None

    def pick(self, connection: sa.Connection, now: float, room: int, spare: int = 0) -> list[RunRow]:
        """Waiting runs that may begin now, at most `room`, however many wait of whichever pipeline.

        In the transaction that claims them; it writes down why the first ones wait that may not. There is room for
        `spare` more of those that blocks wait for: they come first in the queue of their pipeline.
        """
        self.again_at = None
        if room + spare <= 0:
            return []
        counts = self._state.runs.waiting_pipelines(connection, now)
        if not counts:
            return []
        load = self._load(connection)
        first: dict[str, list[RunRow]] = {}
        if any(asked for _, asked in counts.values()):
            for row in filter(is_awaited, self._state.runs.asked_for(connection, now)):
                first.setdefault(row.pipeline, []).append(row)
        queues = {each: self._queue(connection, each, now, room, first.get(each, ()), load.full) for each in counts}
        return self._served(connection, queues, load, now, room, spare)

    def choose(self, connection: sa.Connection, candidates: list[RunRow], now: float) -> list[RunRow]:
        """Those of these waiting runs that may begin now, in the order in which they are to.

        Args:
            connection: of the transaction that claims them.
            candidates: runs that wait, the most urgent first.
            now: seconds since the epoch.
        """
        if not candidates:
            return []
        queues: dict[str, list[RunRow]] = {}
        for row in candidates:
            queues.setdefault(row.pipeline, []).append(row)
        lines = {pipeline: iter(rows) for pipeline, rows in queues.items()}
        return self._served(connection, lines, self._load(connection), now, len(candidates))

    def ended(self, connection: sa.Connection, row: RunRow) -> None:
        """A run has ended: what its blocks held is free."""
        self._state.holds.release(connection, row.id)

    def recovered(self, connection: sa.Connection, run: str) -> None:
        """A run was taken over from a process that is gone: what its blocks held is free."""
        self._state.holds.release(connection, run)

    def asks(self, plan: RunPlan, block: str) -> bool:
        """Whether attempts of a block have to pass the gate at all."""
        return bool(self._rules(plan.pipeline.uuid).wanted(base_of(block)))

    def gate(self, connection: sa.Connection, row: RunRow, block: str, now: float) -> bool:
        """Whether an attempt of a block, or of a dynamic child, may start now; then it holds what it needs."""
        wanted = self._rules(row.pipeline).wanted(base_of(block))
        return self._state.holds.acquire(connection, row.id, block, wanted, now) is None

    def released(self, connection: sa.Connection, run: str, block: str) -> None:
        """An attempt of a block has ended: what it held is free."""
        self._state.holds.release(connection, run, block)

    def _load(self, connection: sa.Connection) -> Load:
        # Whoever counts does so alone: two schedulers would otherwise both take the last place.
        self._state.holds.lock(connection)
        return Load.counted(self._state.runs.open_counts(connection))

    def _queue(
        self, connection: sa.Connection, pipeline: str, now: float, room: int, first: Iterable[RunRow], full: set[int]
    ) -> Iterator[RunRow]:
        """The waiting runs of one pipeline, asked for when it is its turn; `first` come before the others.

        `full` are the triggers that are found to be at their limit as these are gone through.
        """
        given = set()
        for row in first:
            given.add(row.id)
            yield row
        most, known = max(room, 0) + 100, -1
        while known < len(full):  # those that the limit of one trigger keeps back hide none of another behind them
            known = len(full)
            found = self._state.runs.waiting(connection, now, most, pipeline=pipeline, but_of=full)
            for row in found:
                if row.id not in given:
                    given.add(row.id)
                    yield row
            if len(found) < most:
                return

    def _served(
        self,
        connection: sa.Connection,
        queues: Mapping[str, Iterator[RunRow]],
        load: Load,
        now: float,
        room: int,
        spare: int = 0,
    ) -> list[RunRow]:
        chosen: list[RunRow] = []
        heap = [(self._turns.clock(pipeline), pipeline) for pipeline in queues]
        heapq.heapify(heap)
        while heap and len(chosen) < room + spare:
            _, pipeline = heapq.heappop(heap)
            row = self._next(connection, queues[pipeline], load, now)
            if row is None or (len(chosen) >= room and not is_awaited(row)):
                continue
            chosen.append(row)
            load.add(row.pipeline, row.trigger_id)
            priority = row.priority + self._rules(pipeline).priority
            heapq.heappush(heap, (self._turns.took(pipeline, priority), pipeline))
        self._turns.settle(pipeline for _, pipeline in heap)
        return chosen

    def _next(self, connection: sa.Connection, queue: Iterator[RunRow], load: Load, now: float) -> RunRow | None:
        """The first run of a pipeline's queue that may begin."""
        told = False
        for row in queue:
            rules = self._rules(row.pipeline)
            with blaming(row.id):
                refused = refusal(rules, load, row)
                if refused is None:
                    return row
                if not rules.away and _is_skippable(row) and on_limit(rules, row.settings) is OnLimit.SKIP:
                    self._skip(connection, row, refused, now)
                    continue
            if refused.kind == "trigger_limit" and row.trigger_id is not None:
                load.full.add(row.trigger_id)
            if not told:  # the first of a queue tells; the others stand behind it
                told = True
                self._tell(connection, row, refused, now)
            if rules.away:
                self.again_at = now + AWAY_REST
                return None
            if refused.kind != "trigger_limit" and on_limit(rules, {}) is not OnLimit.SKIP:
                return None
        return None

    def _tell(self, connection: sa.Connection, row: RunRow, refused: Refusal, now: float) -> None:
        """Write down why a run waits, once for each reason."""
        known = row.waiting or {}
        if known.get("kind") == refused.kind:
            return
        waiting = {"kind": refused.kind, "text": refused.text, "since": now}
        self._state.runs.change_waiting(connection, row.id, waiting=waiting)

    def _skip(self, connection: sa.Connection, row: RunRow, refused: Refusal, now: float) -> None:
        self._state.runs.change_waiting(
            connection,
            row.id,
            state="cancelled",
            ended_at=now,
            seconds=0.0,
            waiting=None,
            cancel_requested=True,
            error=f"skipped: {refused.text}, and {_says_skip(row)}",
        )
        rearm(connection, self._state, row, now)


def _is_skippable(row: RunRow) -> bool:
    """Whether nobody asked for just this run; a retry keeps the origin of what it repeats, or goes on in it."""
    return row.origin in _MADE and row.retry_of is None and row.lease_token == 0


def _says_skip(row: RunRow) -> str:
    """Where it stands that a run without room is left out."""
    if on_limit(Rules(), row.settings) is OnLimit.SKIP:
        return "on_limit of its trigger is skip"
    return "on_pipeline_run_limit_reached is skip"


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
