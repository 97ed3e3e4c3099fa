"""Which parts of a block under way are taken."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from penstock.engine.channel import FROM_WORKER
from penstock.engine.events import Ended
from penstock.engine.handle import Current, RunHandle
from penstock.engine.streaming import believed, part_came, regrouped
from penstock.model.errors import MessageInvalidError
from penstock.model.expand import DynamicSettings, Fans, axes_of, streams_of
from penstock.model.messages import Failure, Yielded
from penstock.model.product import Address, Items, ProductRef
from penstock.model.run import (
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    BlockState,
    ItemsCame,
    RetryPolicy,
    advance,
    new_run,
)
from tests.engine.conftest import Bench, body


def test_only_the_next_part_of_an_attempt_that_was_to_tell_of_them_is_taken(forked: Bench) -> None:
    forked.store.issue_fence(forked.run_id, "block")
    telling = forked.launch(forked.order(body("return 1"), tell_parts=True))
    assert telling.attempt is not None
    current = Current(telling.attempt, 0.0)
    for number in (0, 1):
        came = part_came("block", current, Yielded(number, Items(2)))
        assert came is not None
        assert came.ref == ProductRef(Address("pipe", "block"), f"part-2-{number}-run1"), "by its order"
    for number in (0, 1, 3):
        assert part_came("block", current, Yielded(number, Items(2))) is None
    silent = forked.launch(forked.order(body("return 1"), block="other"))
    assert silent.attempt is not None
    assert part_came("other", Current(silent.attempt, 0.0), Yielded(0, Items(2))) is None
    forked.finish(telling)
    forked.finish(silent)


def test_an_attempt_of_which_a_part_was_refused_has_failed_however_its_process_ended(forked: Bench) -> None:
    forked.store.issue_fence(forked.run_id, "block")
    telling = forked.launch(forked.order(body("return 1"), tell_parts=True))
    assert telling.attempt is not None
    current = Current(telling.attempt, 0.0)
    well, killed = Ended(None, "last words"), Ended(Failure("killed", "on request"), "last words")
    assert believed(current, well) is well
    assert part_came("block", current, Yielded(1, Items(2))) is None
    for end in (well, killed):
        failure = believed(current, end).failure
        assert failure is not None
        assert (failure.code, failure.traceback) == ("X105", "last words")
    stopped = Ended(Failure("interrupted", "by its user"))
    assert believed(current, stopped) is stopped
    assert part_came("block", current, Yielded(0, Items(2))) is None, "nothing more is believed of that process"
    forked.finish(telling)


def test_a_block_that_has_failed_for_good_is_told_once_though_its_children_are_withdrawn() -> None:
    graph: dict[str, tuple[str, ...]] = {"users": (), "each": ("users",), "kept": ("users",)}
    settings = {"users": DynamicSettings(parent=True, stream=True)}
    axes = axes_of(graph, list(graph), settings)
    fans = Fans(axes, streams=streams_of(axes, list(graph), {"users"}), most=2)
    run, _ = new_run("r", graph, {"users": RetryPolicy(retries=1)}, fans=fans)
    place: Any = None  # nothing here asks for the plan
    handle = RunHandle(place, run, lambda _: None, 0.0)
    part = ProductRef(Address("p", "users"), "part-1-0-r")
    advance(run, AttemptStarted("users"))
    advance(run, ItemsCame("users", part, Items(2)))
    for key in ("each:0", "each:1", "kept:0", "kept:1"):
        advance(run, AttemptSucceeded(key, None))
    advance(run, ItemsCame("users", part, Items(1)))
    assert {run.blocks[key].state for key in ("each", "kept")} == {BlockState.FAILED}, "it would run too often"
    handle.told = {"each", "kept"}
    _, effects = advance(run, AttemptFailed("users", Failure("lost", "killed")))
    regrouped(handle, effects)
    assert handle.told == {"each", "kept"}


@pytest.mark.parametrize("items", [{"count": -1, "names": []}, {"count": 2, "names": ["a"]}])
def test_a_part_of_which_nothing_can_be_made_is_no_message(items: dict[str, object]) -> None:
    tag = FROM_WORKER.encode(Yielded(0, Items(1)))[1]
    with pytest.raises(MessageInvalidError):
        FROM_WORKER.decode(tag, msgspec.msgpack.encode({"number": 0, "items": items}))
