"""Runs with dynamic blocks, conditions, retries and failures against the reference; many more by a command.

`python -m tests.model.test_fan_out 100000` tries that many random pipelines.
"""

from __future__ import annotations

import random
import sys
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.model.expand import Mode
from penstock.model.messages import Failure
from penstock.model.product import Address, Items, ProductRef
from penstock.model.run import (
    DONE,
    ENDED,
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    BlockFresh,
    BlockState,
    ConditionFalse,
    Dispatch,
    Effect,
    Expanded,
    Grown,
    ItemsCame,
    Kill,
    RetryPolicy,
    Run,
    RunEnded,
    RunEvent,
    Withdrawn,
    advance,
    new_run,
    restored,
    snapshot,
)
from tests.model.fan_reference import Case, expected, make_case

FAILURE = Failure("ValueError", "no")
PART = ProductRef(Address("p", "b"), "part-1-0-r")
POLICY = RetryPolicy(retries=2, delay=1)


class Driving:
    """Carries out the effects of one run in a random order, and sees to the rules that hold at every moment."""

    def __init__(self, case: Case, run: Run, effects: list[Effect], choose: random.Random) -> None:
        self.case = case
        self.run = run
        self.choose = choose
        self.ready: list[str] = []
        self.running: list[str] = []
        self.yielded: dict[str, int] = {}
        self.withdrawn = 0
        self.early = 0
        self.ended = 0
        self.take(effects)

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Dispatch(block=key):
                    assert key not in self.ready + self.running, "dispatched twice"
                    self.ready.append(key)
                case Expanded(block=block, children=children):
                    assert self.run.children[block] == list(children)
                    assert len(set(children)) == len(children)
                case Grown(block=block, children=children):
                    assert self.run.children[block][len(self.run.children[block]) - len(children) :] == list(children)
                    assert len(set(self.run.children[block])) == len(self.run.children[block])
                case Withdrawn(children=children):
                    self.ready = [key for key in self.ready if key not in children]
                    self.withdrawn += len(children)
                case Kill(block=key):
                    assert key in self.running, "nothing to kill"
                case RunEnded():
                    self.ended += 1

    def send(self, event: RunEvent) -> None:
        _, effects = advance(self.run, event)
        self.take(effects)

    def step(self) -> bool:
        """Start or end something; whether there was anything."""
        if self.ready and (not self.running or self.choose.random() < 0.5):
            key = self.ready.pop(self.choose.randrange(len(self.ready)))
            if self.run.blocks[key].state in ENDED:  # what it was to be made from has failed meanwhile
                return True
            self.check_start(key)
            state, _, count = self.case.outcome(key)
            if state == "skipped":
                self.send(BlockFresh(key, None, Items(count)))
            else:
                self.running.append(key)
                self.yielded[key] = 0
                self.send(AttemptStarted(key))
            return True
        if not self.running:
            return False
        key = self.choose.choice(self.running)
        state, failures, count = self.case.outcome(key)
        if self.goes_on(key, count):
            return True
        self.running.remove(key)
        if key in self.run.withdrawn and self.choose.random() < 0.7:
            self.send(AttemptFailed(key, FAILURE, final=True))
        elif state == "failed" or self.run.blocks[key].attempts <= failures:
            self.send(AttemptFailed(key, FAILURE))
        elif state == "condition_failed":
            self.send(ConditionFalse(key))
        else:
            self.send(AttemptSucceeded(key, None, Items(count)))
        return True

    def goes_on(self, key: str, count: int) -> bool:
        """Let a block under way yield a part, if it is one that does; whether it did. At its end it has yielded all."""
        left = count - self.yielded[key]
        state, failures, _ = self.case.outcome(key)
        last = state == "completed" and self.run.blocks[key].attempts > failures
        if state == "condition_failed" or not self.run.fans.streaming(key):
            return False
        if not (last and left) and self.choose.random() < 0.3:
            return False
        some = self.choose.randint(0, left)
        if not some and not (last and left) and self.choose.random() < 0.5:
            return False
        self.send(ItemsCame(key, PART, Items(some)))
        self.yielded[key] += some
        return True

    def check_start(self, key: str) -> None:
        run = self.run
        unit = run.units.get(key)
        if unit is None:
            assert all(run.blocks[parent].state in DONE for parent in run.graph[key])
            return
        for source in unit.sources:
            yields = run.fans.streaming(source.unit) and run.blocks[source.unit].state is BlockState.RUNNING
            self.early += yields
            assert yields or run.blocks[source.unit].state in DONE
            assert (source.item is not None) == (source.mode is Mode.ITEM)
        if run.fans.at_once is not None:
            live = {BlockState.QUEUED, BlockState.RUNNING}
            assert sum(run.blocks[child].state in live for child in run.children[unit.block]) <= run.fans.at_once


def begin(case: Case, choose: random.Random, *, keep_going: bool = True) -> Driving:
    policies = dict.fromkeys(case.graph, POLICY)
    run, effects = new_run("r", case.graph, policies, fans=case.fans(), keep_going=keep_going)
    return Driving(case, run, effects, choose)


def check(case: Case, choose: random.Random) -> Driving:
    """Run it to its end and compare, once straight on and once with a process that dies on the way."""
    wanted = expected(case)
    driving = begin(case, choose)
    while driving.step():
        pass
    agrees(case, states_of(driving.run), wanted)
    assert driving.ended == 1
    good = set(wanted.values()) <= {"completed", "skipped", "condition_failed"}
    assert driving.run.state == ("completed" if good else "failed")
    for key, entry in driving.run.blocks.items():
        if key not in driving.run.children and entry.state is BlockState.COMPLETED and key not in driving.run.withdrawn:
            assert entry.attempts == case.outcome(key)[1] + 1
    check_restored(case, choose, wanted)
    return driving


def check_restored(case: Case, choose: random.Random, wanted: dict[str, str]) -> None:
    dying = begin(case, choose)
    for _ in range(choose.randrange(30)):
        dying.step()
    saved = {key: snapshot(dying.run, key) for key in dying.run.blocks}
    run, effects = restored("r", case.graph, dict.fromkeys(case.graph, POLICY), saved, fans=case.fans())
    for key, entry in dying.run.blocks.items():
        if entry.state in ENDED and stays(case, dying.run, key):
            assert run.blocks[key].state is entry.state, "what had ended stays so"
    second = Driving(case, run, effects, choose)
    while second.step():
        pass
    assert second.ended == 1
    agrees(case, states_of(run), wanted)


def agrees(case: Case, found: dict[str, str], wanted: dict[str, str]) -> None:
    """Whether the run has ended as the reference says; of blocks that were cut short, whether they count as bad."""
    vague = case.cut_short(wanted)
    assert all(found[block] in {"failed", "upstream_failed"} for block in vague), (found, wanted)

    def exact(states: dict[str, str]) -> dict[str, str]:
        return {key: state for key, state in states.items() if key.partition(":")[0] not in vague}

    assert exact(found) == exact(wanted)


def stays(case: Case, run: Run, key: str) -> bool:
    """Whether what was known of an entry is kept when another process takes the run up: not while its parent yields."""
    axis = run.fans.streams.get(run.base(key))
    while axis is not None and axis.mode is Mode.EACH:
        axis = run.fans.streams.get(axis.parent)
    return key not in run.withdrawn and (axis is None or run.blocks[axis.parent].state in ENDED)


def states_of(run: Run) -> dict[str, str]:
    return {key: entry.state.value for key, entry in run.blocks.items() if key not in run.withdrawn}


@settings(deadline=None, max_examples=150)
@given(st.randoms(use_true_random=False))
def test_a_run_with_dynamic_blocks_ends_as_the_reference_says(choose: random.Random) -> None:
    check(make_case(choose), choose)


def test_a_thousand_seeds_agree_with_the_reference() -> None:
    seen: Counter[str] = Counter()
    for seed in range(1000):
        choose = random.Random(seed)
        driving = check(make_case(choose), choose)
        seen.update(states_of(driving.run).values())
        seen["children"] += len(driving.run.units)
        seen["nested"] += any(key.count(":") > 1 for key in driving.run.units)
        seen["fixed and dynamic"] += any(
            {source.mode for source in unit.sources} >= {Mode.WHOLE, Mode.ITEM} for unit in driving.run.units.values()
        )
        seen["early"] += driving.early
        seen["withdrawn"] += driving.withdrawn
        seen["reduced"] += any(axis.mode is Mode.ALL for axes in driving.run.fans.axes.values() for axis in axes)
    wanted = {"completed", "skipped", "failed", "condition_failed", "upstream_failed"}
    assert all(
        seen[name] > 100
        for name in wanted | {"children", "nested", "fixed and dynamic", "reduced", "early", "withdrawn"}
    ), seen


def test_a_run_that_stops_at_its_first_failure_comes_to_an_end() -> None:
    stopped = 0
    for seed in range(400):
        choose = random.Random(seed)
        driving = begin(make_case(choose), choose, keep_going=False)
        while driving.step():
            pass
        states = set(states_of(driving.run).values())
        assert driving.ended == 1
        assert states <= {state.value for state in ENDED}
        assert (driving.run.state == "completed") == (states <= {"completed", "skipped", "condition_failed"}), seed
        stopped += "cancelled" in states
    assert stopped > 20


def main(number: int) -> None:
    """Try so many random pipelines."""
    children = 0
    for seed in range(number):
        choose = random.Random(seed)
        try:
            children += len(check(make_case(choose), choose).run.units)
        except AssertionError:
            sys.stderr.write(f"seed {seed} differs\n")
            raise
    sys.stdout.write(f"{number:,} pipelines, {children:,} children: all as the reference says\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
