"""What follows from one fact about a run, through the blocks that it concerns and no others.

A block waits for its upstreams; one that fans out waits until all is known that it fans out over, then each of its
children waits for what it is made from. Every step costs what changes, not the size of the run.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace

from penstock.model.expand import Axis, Mode, Option, children_of, item_options
from penstock.model.messages import Failure
from penstock.model.run_nouns import (
    BAD,
    DONE,
    ENDED,
    WELL,
    BlockRun,
    BlockState,
    Dispatch,
    Effect,
    Expanded,
    Run,
    RunEnded,
    RunState,
)

_PENDING = frozenset({BlockState.INITIAL, BlockState.QUEUED})
_SHOWN = 10


class Settling:
    """One step of a run: facts go in by `put` and `end`, `settle` gives what is to be done.

    Args:
        run: the run, which is changed.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._effects: list[Effect] = []
        self._news: deque[tuple[str, bool]] = deque()

    def begin(self) -> None:
        """Count what each block waits for, and queue what waits for nothing."""
        run = self.run
        run.open = len(run.blocks)
        run.down = {block: [] for block in run.graph}
        for block, parents in run.graph.items():
            inside = dict.fromkeys(parent for parent in parents if parent in run.graph)
            run.waiting[block] = len(inside)
            for parent in inside:
                run.down[parent].append(block)
        for block in run.graph:
            if not run.waiting[block]:
                self._free(block)

    def put(self, key: str, entry: BlockRun) -> None:
        """Set an entry that has not ended by this."""
        self.run.blocks[key] = entry
        self.run.changed[key] = None

    def end(self, key: str, entry: BlockRun) -> None:
        """Set an entry to its last state; `settle` finds out what follows."""
        if self.run.blocks[key].state in ENDED:
            return
        self.put(key, entry)
        self.run.open -= 1
        self._news.append((key, True))

    def fail(self, key: str, entry: BlockRun) -> None:
        """End an entry as failed, and with it everything that waits, unless the run keeps going."""
        self.end(key, entry)
        if self.run.keep_going or self.run.stopping:
            return
        self.run.stopping = True
        self._follow()
        for other, waiting in list(self.run.blocks.items()):
            if waiting.state in _PENDING:
                self.end(other, replace(waiting, state=BlockState.CANCELLED))

    def settle(self) -> list[Effect]:
        """Follow the news through the run, and end the run when nothing is left of it."""
        self._follow()
        run = self.run
        if run.state is RunState.RUNNING and not run.open:
            good = all(entry.state in WELL for entry in run.blocks.values())
            run.state = RunState.COMPLETED if good else RunState.FAILED
            self._effects.append(RunEnded(run.state))
        return self._effects

    def _follow(self) -> None:
        while self._news:
            key, ended = self._news.popleft()
            for other in self.run.down.get(key, ()):
                self._heard(other, key, ended=ended)
            if ended:
                self._leave_group(key)

    def _heard(self, key: str, parent: str, *, ended: bool) -> None:
        """What an entry waits for has ended, or its children are known."""
        run = self.run
        entry = run.blocks[key]
        if entry.state is not BlockState.INITIAL or not run.waiting[key]:
            return
        state = run.blocks[parent].state
        mode = self._mode(key, parent)
        # The children of the parent are what counts here, and each of ours hears of its own.
        by_child = parent in run.children and mode in {Mode.EACH, Mode.ITEM}
        if by_child and state is not BlockState.CANCELLED:
            if ended == (mode is Mode.ITEM):
                self._one_less(key)
        elif not ended or state is BlockState.CANCELLED:
            return
        elif state in BAD:
            self.end(key, replace(entry, state=BlockState.UPSTREAM_FAILED))
        else:
            if state is BlockState.CONDITION_FAILED:
                run.tainted.add(key)
            self._one_less(key)

    def _mode(self, key: str, parent: str) -> Mode:
        if key in self.run.units:
            return Mode.WHOLE
        axes = self.run.fans.axes.get(key, ())
        return next((axis.mode for axis in axes if axis.parent == parent), Mode.WHOLE)

    def _one_less(self, key: str) -> None:
        run = self.run
        run.waiting[key] -= 1
        if run.waiting[key]:
            return
        if key in run.tainted:
            self.end(key, replace(run.blocks[key], state=BlockState.CONDITION_FAILED))
        else:
            self._free(key)

    def _free(self, key: str) -> None:
        """Nothing holds that entry any more."""
        run = self.run
        if run.stopping:
            return
        unit = run.units.get(key)
        if unit is None and run.fans.fanned(key):
            self._expand(key)
            return
        saved = run.saved.pop(key, None)
        if saved is not None and saved.state is BlockState.FAILED:
            self.fail(key, saved)
            return
        if saved is not None and saved.state in WELL:
            self.end(key, saved)
            return
        if unit is not None and run.fans.at_once is not None:
            if len(run.busy[unit.block]) >= run.fans.at_once:
                run.lined_up[unit.block].append(key)
                if saved is not None:
                    run.saved[key] = saved
                return
            run.busy[unit.block].add(key)
        self.put(key, replace(saved or run.blocks[key], state=BlockState.QUEUED))
        self._effects.append(Dispatch(key))

    def _expand(self, block: str) -> None:
        """Make the children of a block, now that all is known that it fans out over."""
        run = self.run
        axes = run.fans.axes[block]
        options = {axis: self._options(axis) for axis in axes if axis.fans}
        made, total = children_of(block, axes, options, run.fans.most)
        if total > run.fans.most and not run.fans.cut:
            self.fail(block, replace(run.blocks[block], state=BlockState.FAILED, failure=_too_many(block, total, run)))
            return
        keys = [key for key, _ in made]
        run.children[block] = keys
        run.left[block] = len(keys)
        run.busy[block] = set()
        run.lined_up[block] = deque()
        run.open += len(keys)
        self.put(block, replace(run.blocks[block], state=BlockState.RUNNING))
        self._effects.append(Expanded(block, tuple(keys), total - len(keys)))
        self._news.append((block, False))
        for key, unit in made:
            run.units[key] = unit
            self.put(key, BlockRun())
        for key, unit in made:
            self._line_up(key, dict.fromkeys(source.unit for source in unit.sources if source.unit in run.units))
        if not keys:
            self.end(block, replace(run.blocks[block], state=BlockState.COMPLETED))

    def _line_up(self, key: str, needed: Sequence[str] | dict[str, None]) -> None:
        """Let a new child wait for the children of other blocks that it is made from."""
        run = self.run
        run.waiting[key] = len(needed) + 1  # one for this moment, so that it is freed once
        for other in needed:
            if run.blocks[other].state in ENDED:
                self._heard(key, other, ended=True)
            else:
                run.down.setdefault(other, []).append(key)
        if run.blocks[key].state is BlockState.INITIAL:
            self._one_less(key)

    def _options(self, axis: Axis) -> Sequence[Option]:
        """What there is along an axis: the parent's items, its children, or the items of its children."""
        run = self.run
        parent = axis.parent
        if parent not in run.blocks:
            return run.fans.outside.get(axis, ())
        if parent not in run.children:
            return item_options(parent, run.blocks[parent].items)
        found: list[Option] = []
        for key in run.children[parent]:
            label = run.units[key].label
            if axis.mode is Mode.ITEM and run.blocks[key].state in DONE:
                found.extend(item_options(key, run.blocks[key].items, label))
            else:  # one that has not run has no items; what stands for them shares its fate
                found.append(Option(label, key))
        return found

    def _leave_group(self, key: str) -> None:
        """A child has ended: let the next one start, and end the block with its last child."""
        run = self.run
        unit = run.units.get(key)
        if unit is None:
            return
        block = unit.block
        run.left[block] -= 1
        if key in run.busy[block]:
            run.busy[block].remove(key)
            self._next_in_line(block)
        if not run.left[block]:
            self.end(block, _together(run, block))

    def _next_in_line(self, block: str) -> None:
        run = self.run
        line = run.lined_up[block]
        while line and len(run.busy[block]) < (run.fans.at_once or 1):
            key = line.popleft()
            if run.blocks[key].state is BlockState.INITIAL:
                self._free(key)


def _together(run: Run, block: str) -> BlockRun:
    """How a block has ended whose children have."""
    children = [(key, run.blocks[key]) for key in run.children[block]]
    states = Counter(entry.state for _, entry in children)
    entry = run.blocks[block]
    for state in (BlockState.FAILED, BlockState.UPSTREAM_FAILED, BlockState.CANCELLED):
        if states[state]:
            return replace(entry, state=state, failure=_failure(children, states[BlockState.FAILED]))
    for state in (BlockState.CONDITION_FAILED, BlockState.SKIPPED):
        if states[state] == len(children):
            return replace(entry, state=state)
    return replace(entry, state=BlockState.COMPLETED)


def _failure(children: list[tuple[str, BlockRun]], failed: int) -> Failure | None:
    found = [(key, entry.failure) for key, entry in children if entry.state is BlockState.FAILED and entry.failure]
    if not found:
        return None
    key, first = found[0]
    names = ", ".join(name for name, _ in found[:_SHOWN]) + (", ..." if failed > _SHOWN else "")
    message = f"{failed:,} of {len(children):,} children failed ({names}); {key}: {first.message}"
    return replace(first, message=message, traceback="")


def _too_many(block: str, total: int, run: Run) -> Failure:
    return Failure(
        "TooManyChildren",
        f"running block {block}: it would run {total:,} times, the limit is {run.fans.most:,}",
        "Return fewer items, raise DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS, or set "
        "DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS_BEHAVIOR=limit to run only the first ones.",
    )
