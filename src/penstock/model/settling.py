"""What follows from one fact about a run, through the blocks that it concerns and no others.

A block waits for its upstreams; one that fans out waits until all is known that it fans out over, then each of its
children waits for what it is made from. One that grows fans out over what there is, and further with every part that
comes. Every step costs what changes, not the size of the run.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto

from penstock.model.expand import Axis, Mode, Option, Unit, children_of, item_options, without_items
from penstock.model.messages import Failure
from penstock.model.product import Items, ProductRef
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
    Grown,
    Run,
    RunEnded,
    RunState,
    Stream,
)

_PENDING = frozenset({BlockState.INITIAL, BlockState.QUEUED})
_SHOWN = 10


class News(Enum):
    """What others may have waited for: some children or items of a block, all of its children, its end."""

    OPENED = auto()
    KNOWN = auto()
    ENDED = auto()


class Settling:
    """One step of a run: facts go in by `put` and `end`, `settle` gives what is to be done.

    Args:
        run: the run, which is changed.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._effects: list[Effect] = []
        self._news: deque[tuple[str, News]] = deque()
        self._had_failed = False

    def begin(self) -> None:
        """Count what each block waits for, and queue what waits for nothing."""
        run = self.run
        run.open = len(run.graph)  # what was set aside counts no more
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
        self._news.append((key, News.ENDED))

    def do(self, effect: Effect) -> None:
        """Have the caller carry that out."""
        self._effects.append(effect)

    def fail(self, key: str, entry: BlockRun) -> None:
        """End an entry as failed, and with it everything that waits, unless the run keeps going."""
        self.end(key, entry)
        self._stop()

    def _fail_later(self, key: str, entry: BlockRun) -> None:
        """As `fail`; what else had ended in a run that is taken up is found again before anything is cancelled."""
        self.end(key, entry)
        self._had_failed = True

    def _stop(self) -> None:
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
        if self._had_failed:
            self._stop()
            self._follow()
        if run.state is RunState.RUNNING and not run.open:
            good = all(entry.state in WELL for key, entry in run.blocks.items() if key not in run.withdrawn)
            run.state = RunState.COMPLETED if good else RunState.FAILED
            self._effects.append(RunEnded(run.state))
        return self._effects

    def _follow(self) -> None:
        while self._news:
            key, news = self._news.popleft()
            for other in self.run.down.get(key, ()):
                self._heard(other, key, news)
            if news is News.ENDED:
                self._leave_group(key)

    def _heard(self, key: str, parent: str, news: News) -> None:
        """There is something new about what an entry waits for."""
        run = self.run
        if key in run.growing:
            if news is News.ENDED and parent in run.streams:
                self._close(key, run.blocks[parent].state)
        elif run.blocks[key].state is not BlockState.INITIAL or not run.waiting[key]:
            return
        elif parent in run.children and self._mode(key, parent) in {Mode.EACH, Mode.ITEM}:
            self._heard_of_children(key, parent, news)
        elif news is News.ENDED:
            self._heard_end(key, parent)
        elif self._grows_from(key, parent):
            self._one_less(key)

    def _heard_of_children(self, key: str, parent: str, news: News) -> None:
        """The children of the parent are what counts here, and each of ours hears of its own."""
        run = self.run
        grows = self._grows_from(key, parent)
        wanted = News.ENDED if self._mode(key, parent) is Mode.ITEM else News.OPENED if grows else News.KNOWN
        if news is not wanted or run.blocks[parent].state is BlockState.CANCELLED:
            return
        if parent in run.floor and not grows:  # what it would be made over is not complete
            self.end(key, replace(run.blocks[key], state=BlockState.UPSTREAM_FAILED))
        else:
            self._one_less(key)

    def _heard_end(self, key: str, parent: str) -> None:
        run = self.run
        entry, state = run.blocks[key], run.blocks[parent].state
        given_up = state is BlockState.CANCELLED and run.base(parent) in run.floor and not run.stopping
        if state is BlockState.CANCELLED and not given_up:
            return
        if given_up or state in BAD:
            saved = run.saved.pop(key, None)
            failed = saved is not None and saved.state is BlockState.FAILED and key in run.fans.streams
            self.end(key, saved if saved and failed else replace(entry, state=BlockState.UPSTREAM_FAILED))
        elif not (self._grows_from(key, parent) and parent in run.streams):  # else its first part was what counted
            if state is BlockState.CONDITION_FAILED:
                run.tainted.add(key)
            self._one_less(key)

    def _grows_from(self, key: str, parent: str) -> bool:
        """Whether the block is made while the parent's children, or what it yields, still come."""
        axis = self.run.fans.streams.get(key)
        return axis is not None and axis.parent == parent

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
        if key in run.tainted and self._still_comes(key):
            run.growing[key] = 0  # it will not run; how it ends shows when what it would grow from has ended
        elif key in run.tainted:
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
            self._fail_later(key, saved)
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
        if (unknown := self._unknown(axes)) is not None:
            self._fail_later(block, replace(run.blocks[block], state=BlockState.FAILED, failure=unknown))
            return
        options = {axis: self._options(axis) for axis in axes if axis.fans}
        made, total = children_of(block, axes, options, run.fans.most)
        if total > run.fans.most and not run.fans.cut:
            failure = _too_many(block, total, run)
            self._fail_later(block, replace(run.blocks[block], state=BlockState.FAILED, failure=failure))
            return
        run.children[block] = []
        run.left[block] = 0
        run.busy[block] = set()
        run.lined_up[block] = deque()
        self.put(block, replace(run.blocks[block], state=BlockState.RUNNING))
        self._news.append((block, News.OPENED))
        grows = self._still_comes(block)
        if grows:
            run.growing[block] = total
        else:
            self._news.append((block, News.KNOWN))
            if (floor := self._floor_above(block)) is not None:
                run.floor[block] = floor
        self._effects.append(Expanded(block, tuple(key for key, _ in made), 0 if grows else total - len(made)))
        self._adopt(block, made)
        if not made and not grows:
            self.finish(block)

    def _adopt(self, block: str, made: Sequence[tuple[str, Unit]]) -> None:
        """Let new children of a block wait for what they are made from."""
        run = self.run
        run.children[block].extend(key for key, _ in made)
        run.left[block] += len(made)
        run.open += len(made)
        for key, unit in made:
            run.units[key] = unit
            run.withdrawn.discard(key)
            self.put(key, BlockRun())
        for key, unit in made:
            self._line_up(key, dict.fromkeys(source.unit for source in unit.sources if source.unit in run.units))

    def _still_comes(self, block: str) -> bool:
        """Whether there will be more of what that block fans out over."""
        axis = self.run.fans.streams.get(block)
        if axis is None:
            return False
        if axis.mode is Mode.EACH:
            return axis.parent in self.run.growing
        return self.run.blocks[axis.parent].state not in ENDED

    def _floor_above(self, block: str) -> BlockState | None:
        """How the block that this one grows from can end at best, when not all of it has come."""
        axis = self.run.fans.streams.get(block)
        return self.run.floor.get(axis.parent) if axis is not None else None

    def came(self, parent: str, ref: ProductRef, items: Items) -> None:
        """A block has yielded a part."""
        run = self.run
        stream = run.streams.get(parent)
        if stream is None:
            stream = run.streams[parent] = Stream()
            self._news.append((parent, News.OPENED))
        stream.add(ref, items)
        for block in run.down[parent]:
            if self._grows_from(block, parent):
                self._grow(block)

    def _grow(self, block: str) -> None:
        """Make the children of a block that has fanned out, over what has come since."""
        run = self.run
        axis, first = run.fans.streams[block], run.growing.get(block)
        if first is None or run.stopping or block in run.tainted:
            return
        options = self._options(axis, first)
        total = first + len(options)
        if total > run.fans.most and not run.fans.cut:
            run.blocks[block] = replace(run.blocks[block], failure=_too_many(block, total, run))
            self._close(block, BlockState.FAILED)
            return
        run.growing[block] = total
        axes, most = run.fans.axes[block], run.fans.most - first
        made, _ = children_of(block, axes, {axis: options}, most, first=first, taken=run.units)
        if not made:
            return
        self._effects.append(Grown(block, tuple(key for key, _ in made)))
        self._adopt(block, made)
        for other in run.down[block]:
            if self._grows_from(other, block):
                self._grow(other)

    def _close(self, block: str, ended: BlockState) -> None:
        """No more children of a block come: what they are made from has ended so, or there are too many."""
        run = self.run
        axis, taken = run.fans.streams[block], run.growing.pop(block)
        if block in run.tainted:
            state = BlockState.CONDITION_FAILED if ended in DONE else BlockState.UPSTREAM_FAILED
            self.end(block, replace(run.blocks[block], state=state))
            return
        complete = ended in DONE and not self._options(axis, taken)
        if not complete:
            cut_short = BlockState.CANCELLED if ended in DONE else BlockState.UPSTREAM_FAILED
            run.floor[block] = BlockState.FAILED if run.blocks[block].failure is not None else cut_short
            if axis.mode is Mode.ITEM:
                self._give_up(block)
        elif left_out := taken - len(run.children[block]):
            self._effects.append(Grown(block, (), left_out))
        self._news.append((block, News.KNOWN))
        for other in run.down[block]:
            if other in run.growing and self._grows_from(other, block):
                self._close(other, ended if complete else BlockState.UPSTREAM_FAILED)
        if not run.left[block]:
            self.finish(block)

    def _give_up(self, block: str) -> None:
        """End the children of a block that have not begun: not all of what they were to be made from will come."""
        run = self.run
        upstream = run.floor[block] is BlockState.UPSTREAM_FAILED
        state = BlockState.UPSTREAM_FAILED if upstream else BlockState.CANCELLED
        for key in run.children[block]:
            if run.blocks[key].state in _PENDING:
                self.end(key, replace(run.blocks[key], state=state))

    def finish(self, block: str) -> None:
        """Nothing of a block is left: it ends as its children have."""
        entry = _together(self.run, block)
        if entry.state is BlockState.FAILED:
            self._fail_later(block, entry)
        else:
            self.end(block, entry)

    def _line_up(self, key: str, needed: Sequence[str] | dict[str, None]) -> None:
        """Let a new child wait for the children of other blocks that it is made from."""
        run = self.run
        run.waiting[key] = len(needed) + 1  # one for this moment, so that it is freed once
        for other in needed:
            if run.blocks[other].state in ENDED:
                self._heard(key, other, News.ENDED)
            else:
                run.down.setdefault(other, []).append(key)
        if run.blocks[key].state is BlockState.INITIAL:
            self._one_less(key)

    def _unknown(self, axes: Sequence[Axis]) -> Failure | None:
        """Why it is not known what a block fans out over; None when it is."""
        run = self.run
        for axis in axes:
            if (failure := run.fans.unknown.get(axis)) is not None:
                return failure
            if axis.mode is not Mode.ITEM or axis.parent not in run.blocks or axis.parent in run.streams:
                continue
            for unit in run.children.get(axis.parent, [axis.parent]):
                entry = run.blocks[unit]
                if entry.state in DONE and entry.ref is not None and entry.items is None:
                    return without_items(unit)
        return None

    def _options(self, axis: Axis, first: int = 0) -> Sequence[Option]:
        """What there is along an axis: the parent's items, its children, or the items of its children.

        Args:
            axis: of what.
            first: only those from that number on, along the axis that a block grows along.
        """
        run = self.run
        parent = axis.parent
        if parent not in run.blocks:
            return run.fans.outside.get(axis, ())
        if parent in run.streams:
            labels = run.streams[parent].labels
            return [Option(labels[at], parent, at) for at in range(first, len(labels))]
        if parent not in run.children:
            return item_options(parent, run.blocks[parent].items)
        found: list[Option] = []
        for key in run.children[parent][first:]:
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
        if not run.left[block] and block not in run.growing:
            self.finish(block)

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
    entry, floor = run.blocks[block], run.floor.get(block)
    if floor is BlockState.FAILED:
        return replace(entry, state=floor)
    for state in (BlockState.FAILED, BlockState.UPSTREAM_FAILED, BlockState.CANCELLED):
        if states[state] or state is floor:
            return replace(entry, state=state, failure=_failure(children, states[BlockState.FAILED]))
    for state in (BlockState.CONDITION_FAILED, BlockState.SKIPPED):
        if children and states[state] == len(children):
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
