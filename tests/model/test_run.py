"""The run state machine against a tiny reference: random graphs, failures, retries and cancellations."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.graph import descendants
from penstock.model.messages import Failure
from penstock.model.product import Address, ProductRef
from penstock.model.run import (
    DONE,
    ENDED,
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    AttemptWaits,
    BlockFresh,
    BlockState,
    CancelRequested,
    Dispatch,
    Effect,
    Kill,
    RetryPolicy,
    Run,
    RunEnded,
    RunEvent,
    RunState,
    advance,
    new_run,
    restored,
    snapshot,
)
from tests.model.test_graph import graphs

FAILURE = Failure("ValueError", "no")


@dataclass
class Driver:
    """A caller that carries out effects at once, and keeps what it saw."""

    run: Run
    ready: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    ended: list[RunState] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Dispatch(block=block, delay=delay):
                    assert delay >= 0
                    assert block not in self.ready + self.running, "dispatched twice"
                    self.ready.append(block)
                case Kill(block=block):
                    self.running.remove(block)
                case RunEnded(state=state):
                    self.ended.append(state)
        # A dispatch that waits is dropped once its block has ended.
        self.ready = [block for block in self.ready if self.run.blocks[block].state not in ENDED]

    def send(self, event: RunEvent) -> None:
        self.run, effects = advance(self.run, event)
        self.take(effects)

    def start(self, block: str) -> None:
        assert all(self.run.blocks[parent].state in DONE for parent in self.run.graph[block])
        self.ready.remove(block)
        self.running.append(block)
        self.starts.append(block)
        self.send(AttemptStarted(block))


def drive(
    graph: dict[str, tuple[str, ...]], failures: dict[str, int], retries: int, *, keep_going: bool, seed: int
) -> Driver:
    """Run to the end in a random order; each block fails as often as `failures` says, then succeeds."""
    choose = random.Random(seed)
    policies = {block: RetryPolicy(retries=retries, delay=1) for block in graph}
    run, effects = new_run("r", graph, policies, keep_going=keep_going)
    driver = Driver(run)
    driver.take(effects)
    while driver.ready or driver.running:
        if driver.ready and (not driver.running or choose.random() < 0.5):
            driver.start(choose.choice(driver.ready))
            continue
        block = choose.choice(driver.running)
        driver.running.remove(block)
        if driver.run.blocks[block].attempts <= failures[block]:
            driver.send(AttemptFailed(block, FAILURE))
        else:
            driver.send(AttemptSucceeded(block, None))
    return driver


def go_on(driver: Driver, failures: dict[str, int], choose: random.Random, steps: int) -> None:
    """Let so many things happen, one after the other, in a random order."""
    for _ in range(steps):
        if driver.ready and (not driver.running or choose.random() < 0.5):
            driver.start(choose.choice(driver.ready))
        elif driver.running:
            block = driver.running.pop()
            failed = driver.run.blocks[block].attempts <= failures[block]
            driver.send(AttemptFailed(block, FAILURE) if failed else AttemptSucceeded(block, None))


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, tuple[str, ...]], dict[str, int], int, int]:
    graph = draw(graphs(acyclic=True))
    failures = {block: draw(st.sampled_from([0, 0, 0, 1, 2, 5])) for block in graph}
    return graph, failures, draw(st.integers(0, 3)), draw(st.integers(0, 2**32))


def expected(graph: dict[str, tuple[str, ...]], failures: dict[str, int], retries: int, block: str) -> BlockState:
    above = [expected(graph, failures, retries, parent) for parent in set(graph[block])]
    if any(state is not BlockState.COMPLETED for state in above):
        return BlockState.UPSTREAM_FAILED
    return BlockState.FAILED if failures[block] > retries else BlockState.COMPLETED


@given(cases())
def test_a_run_that_keeps_going_ends_as_the_reference_says(case: tuple[dict, dict, int, int]) -> None:
    graph, failures, retries, seed = case
    driver = drive(graph, failures, retries, keep_going=True, seed=seed)
    states = {block: entry.state for block, entry in driver.run.blocks.items()}
    assert states == {block: expected(graph, failures, retries, block) for block in graph}
    good = all(state is BlockState.COMPLETED for state in states.values())
    assert driver.ended == [RunState.COMPLETED if good else RunState.FAILED]
    assert driver.run.state is driver.ended[0]
    for block, entry in driver.run.blocks.items():
        tries = {
            BlockState.COMPLETED: failures[block] + 1,
            BlockState.FAILED: retries + 1,
            BlockState.UPSTREAM_FAILED: 0,
        }[entry.state]
        assert entry.attempts == driver.starts.count(block) == tries
        assert (entry.failure is not None) == (entry.state is BlockState.FAILED)


@given(cases())
def test_a_run_that_stops_starts_nothing_after_a_failure(case: tuple[dict, dict, int, int]) -> None:
    graph, failures, retries, seed = case
    driver = drive(graph, failures, retries, keep_going=False, seed=seed)
    states = {block: entry.state for block, entry in driver.run.blocks.items()}
    assert len(driver.ended) == 1
    assert set(states.values()) <= ENDED
    failed = [block for block, state in states.items() if state is BlockState.FAILED]
    if not failed:
        assert driver.ended == [RunState.COMPLETED]
        assert set(states.values()) <= {BlockState.COMPLETED}
    else:
        assert driver.ended == [RunState.FAILED]
        for block in descendants(graph, failed):
            assert states[block] in {BlockState.UPSTREAM_FAILED, BlockState.CANCELLED}


@given(cases(), st.integers(0, 12))
def test_cancel_at_any_moment_ends_everything_once(case: tuple[dict, dict, int, int], steps: int) -> None:
    graph, failures, retries, seed = case
    choose = random.Random(seed)
    run, effects = new_run("r", graph, {block: RetryPolicy(retries=retries) for block in graph})
    driver = Driver(run)
    driver.take(effects)
    go_on(driver, failures, choose, steps)
    was_over = bool(driver.ended)
    before = copy.deepcopy(driver.run)
    driver.send(CancelRequested())
    if was_over:
        assert driver.run == before
    else:
        assert driver.run.state is RunState.CANCELLED
        assert driver.running == []
    driver.send(CancelRequested())
    assert len(driver.ended) == 1
    assert all(entry.state in ENDED for entry in driver.run.blocks.values())
    # What a killed worker still manages to say changes nothing.
    for block in graph:
        after = copy.deepcopy(driver.run)
        for event in (AttemptStarted(block), AttemptFailed(block, FAILURE), AttemptSucceeded(block, None)):
            driver.send(event)
        assert driver.run == after


@given(cases(), st.integers(0, 12))
def test_what_had_ended_by_itself_stays_so_in_a_run_that_stops_and_is_taken_up(
    case: tuple[dict, dict, int, int], steps: int
) -> None:
    graph, failures, retries, seed = case
    choose = random.Random(seed)
    policies = {block: RetryPolicy(retries=retries) for block in graph}
    run, effects = new_run("r", graph, policies, keep_going=False)
    driver = Driver(run)
    driver.take(effects)
    go_on(driver, failures, choose, steps)
    before = {block: entry.state for block, entry in driver.run.blocks.items()}
    again, effects = restored("r", graph, policies, {b: snapshot(driver.run, b) for b in graph}, keep_going=False)
    kept = {BlockState.COMPLETED, BlockState.FAILED}
    assert {b: again.blocks[b].state for b in graph if before[b] in kept} == {
        block: state for block, state in before.items() if state in kept
    }
    if BlockState.FAILED in before.values():
        # Nothing is begun after a failure, whatever comes first in the graph.
        assert [effect for effect in effects if isinstance(effect, RunEnded)] == [RunEnded(RunState.FAILED)]
        assert {entry.state for entry in again.blocks.values()} <= ENDED


def test_stop_at_the_first_failure_does_not_retry_what_is_still_running() -> None:
    run, _ = new_run("r", {"a": (), "b": ()}, {"b": RetryPolicy(retries=5)}, keep_going=False)
    for event in (AttemptStarted("a"), AttemptStarted("b"), AttemptFailed("a", FAILURE)):
        run, _ = advance(run, event)
    run, effects = advance(run, AttemptFailed("b", FAILURE))
    assert effects == [RunEnded(RunState.FAILED)]
    assert run.blocks["b"].state is BlockState.FAILED


def test_an_attempt_that_could_not_even_start_counts() -> None:
    run, _ = new_run("r", {"a": ()}, {"a": RetryPolicy(retries=1, delay=3)})
    run, effects = advance(run, AttemptFailed("a", FAILURE))
    assert effects == [Dispatch("a", 3)]
    run, effects = advance(run, AttemptFailed("a", FAILURE))
    assert effects == [RunEnded(RunState.FAILED)]
    assert run.blocks["a"].attempts == 2


def test_an_interrupt_is_final() -> None:
    run, _ = new_run("r", {"a": (), "b": ("a",)}, {"a": RetryPolicy(retries=5)})
    run, _ = advance(run, AttemptStarted("a"))
    run, effects = advance(run, AttemptFailed("a", FAILURE, final=True))
    assert effects == [RunEnded(RunState.FAILED)]
    assert run.blocks["b"].state is BlockState.UPSTREAM_FAILED


def test_a_fresh_block_lets_its_downstream_run() -> None:
    ref = ProductRef(Address("p", "a"), "v1")
    run, _ = new_run("r", {"a": (), "b": ("a",)})
    run, effects = advance(run, BlockFresh("a", ref))
    assert effects == [Dispatch("b")]
    assert run.blocks["a"].state is BlockState.SKIPPED
    assert run.blocks["a"].ref == ref
    run, effects = advance(run, BlockFresh("b", None))
    assert effects == [RunEnded(RunState.COMPLETED)]


def test_upstreams_outside_the_graph_count_as_satisfied() -> None:
    _, effects = new_run("r", {"b": ("not_taking_part",)})
    assert effects == [Dispatch("b")]


def test_a_run_of_nothing_is_complete() -> None:
    run, effects = new_run("r", {})
    assert effects == [RunEnded(RunState.COMPLETED)]
    assert run.state is RunState.COMPLETED


def test_events_of_unknown_blocks_change_nothing() -> None:
    run, _ = new_run("r", {"a": ()})
    assert advance(run, AttemptStarted("stranger")) == (run, [])


@pytest.mark.parametrize(
    ("policy", "waits"),
    [
        (RetryPolicy(retries=0), [None]),
        (RetryPolicy(retries=3, delay=5), [5, 10, 20, None]),
        (RetryPolicy(retries=2, delay=7, exponential=False), [7, 7, None]),
        (RetryPolicy(retries=2, delay=0), [0, 0, None]),
        # All delays together stay below the longest, as in Mage.
        (RetryPolicy(retries=5, delay=0.5, max_delay=3), [0.5, 1, None]),
        (RetryPolicy(retries=5, delay=1, max_delay=1, exponential=False), [None]),
        (RetryPolicy(retries=5, delay=1, max_delay=3, exponential=False), [1, 1, None]),
        (RetryPolicy(retries=5), [5, 10, 20, None]),
    ],
)
def test_waits_between_attempts(policy: RetryPolicy, waits: list[float | None]) -> None:
    assert [policy.wait(failed) for failed in range(1, len(waits) + 1)] == waits


@pytest.mark.parametrize("exponential", [True, False])
def test_a_block_that_fails_for_weeks_is_given_up(*, exponential: bool) -> None:
    assert RetryPolicy(100_000, 1e-9, 60, exponential).wait(10) is not None
    assert RetryPolicy(100_000_000_000, 1e-9, 60, exponential).wait(99_999_999_999) is None


def test_an_attempt_that_was_too_early_counts_for_nothing() -> None:
    run, _ = new_run("r", {"a": ()}, {"a": RetryPolicy(retries=1)})
    for _ in range(5):
        run, _ = advance(run, AttemptStarted("a"))
        assert run.between == set(), "what is asked is not between two questions"
        run, effects = advance(run, AttemptWaits("a"))
        assert (effects, run.between) == ([], {"a"})
        assert (run.blocks["a"].state, run.blocks["a"].attempts) == (BlockState.QUEUED, 0)
    run, _ = advance(run, AttemptStarted("a"))
    run, effects = advance(run, AttemptFailed("a", FAILURE))
    assert [type(effect) for effect in effects] == [Dispatch]


def test_what_is_too_early_when_another_block_has_failed_is_not_tried_again() -> None:
    run, _ = new_run("r", {"early": (), "bad": (), "after": ("early",)}, keep_going=False)
    for event in (AttemptStarted("early"), AttemptStarted("bad"), AttemptFailed("bad", FAILURE)):
        run, _ = advance(run, event)
    assert run.state is RunState.RUNNING
    run, effects = advance(run, AttemptWaits("early"))
    assert effects == [RunEnded(RunState.FAILED)]
    assert {key: entry.state for key, entry in run.blocks.items()} == {
        "early": BlockState.CANCELLED,
        "bad": BlockState.FAILED,
        "after": BlockState.CANCELLED,
    }
