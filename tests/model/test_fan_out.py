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
from penstock.model.product import Items
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
    RetryPolicy,
    Run,
    RunEnded,
    RunEvent,
    advance,
    new_run,
    restored,
    snapshot,
)
from tests.model.fan_reference import Case, expected, make_case

FAILURE = Failure("ValueError", "no")
POLICY = RetryPolicy(retries=2, delay=1)


class Driving:
    """Carries out the effects of one run in a random order, and sees to the rules that hold at every moment."""

    def __init__(self, case: Case, run: Run, effects: list[Effect], choose: random.Random) -> None:
        self.case = case
        self.run = run
        self.choose = choose
        self.ready: list[str] = []
        self.running: list[str] = []
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
                case RunEnded():
                    self.ended += 1

    def send(self, event: RunEvent) -> None:
        _, effects = advance(self.run, event)
        self.take(effects)

    def step(self) -> bool:
        """Start or end something; whether there was anything."""
        if self.ready and (not self.running or self.choose.random() < 0.5):
            key = self.ready.pop(self.choose.randrange(len(self.ready)))
            self.check_start(key)
            state, _, count = self.case.outcome(key)
            if state == "skipped":
                self.send(BlockFresh(key, None, Items(count)))
            else:
                self.running.append(key)
                self.send(AttemptStarted(key))
            return True
        if not self.running:
            return False
        key = self.running.pop(self.choose.randrange(len(self.running)))
        state, failures, count = self.case.outcome(key)
        if state == "failed" or self.run.blocks[key].attempts <= failures:
            self.send(AttemptFailed(key, FAILURE))
        elif state == "condition_failed":
            self.send(ConditionFalse(key))
        else:
            self.send(AttemptSucceeded(key, None, Items(count)))
        return True

    def check_start(self, key: str) -> None:
        run = self.run
        unit = run.units.get(key)
        if unit is None:
            assert all(run.blocks[parent].state in DONE for parent in run.graph[key])
            return
        for source in unit.sources:
            assert run.blocks[source.unit].state in DONE
            assert (source.item is not None) == (source.mode is Mode.ITEM)
        if run.fans.at_once is not None:
            live = {BlockState.QUEUED, BlockState.RUNNING}
            assert sum(run.blocks[child].state in live for child in run.children[unit.block]) <= run.fans.at_once


def begin(case: Case, choose: random.Random) -> Driving:
    run, effects = new_run("r", case.graph, dict.fromkeys(case.graph, POLICY), fans=case.fans())
    return Driving(case, run, effects, choose)


def check(case: Case, choose: random.Random) -> Driving:
    """Run it to its end and compare, once straight on and once with a process that dies on the way."""
    wanted = expected(case)
    driving = begin(case, choose)
    while driving.step():
        pass
    assert states_of(driving.run) == wanted
    assert driving.ended == 1
    good = set(wanted.values()) <= {"completed", "skipped", "condition_failed"}
    assert driving.run.state == ("completed" if good else "failed")
    for key, entry in driving.run.blocks.items():
        if key not in driving.run.children and entry.state is BlockState.COMPLETED:
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
        if entry.state in ENDED:
            assert run.blocks[key].state is entry.state, "what had ended stays so"
    second = Driving(case, run, effects, choose)
    while second.step():
        pass
    assert states_of(run) == wanted


def states_of(run: Run) -> dict[str, str]:
    return {key: entry.state.value for key, entry in run.blocks.items()}


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
        seen["reduced"] += any(axis.mode is Mode.ALL for axes in driving.run.fans.axes.values() for axis in axes)
    wanted = {"completed", "skipped", "failed", "condition_failed", "upstream_failed"}
    assert all(seen[name] > 100 for name in wanted | {"children", "nested", "fixed and dynamic", "reduced"}), seen


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
