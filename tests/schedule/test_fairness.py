"""Whose turn it is: round robin, weighted, and nobody starves."""

from __future__ import annotations

from collections import Counter

from penstock.schedule.fairness import Turns, weight


def serve(turns: Turns, priorities: dict[str, int], count: int) -> list[str]:
    served = []
    for _ in range(count):
        pipeline = turns.order(priorities)[0]
        turns.took(pipeline, priorities[pipeline])
        turns.settle(priorities)
        served.append(pipeline)
    return served


def test_pipelines_of_the_same_priority_take_turns() -> None:
    assert serve(Turns(), {"a": 0, "b": 0, "c": 0}, 6) == ["a", "b", "c", "a", "b", "c"]


def test_a_higher_priority_gets_more_turns_and_no_pipeline_starves() -> None:
    served = Counter(serve(Turns(), {"urgent": 100, "usual": 0, "last": -100}, 256 * 256 + 256 + 1))
    assert served["urgent"] == 256 * served["usual"]
    assert served["last"] >= 1
    assert weight(100) == weight(8) == 256


def test_one_that_was_away_does_not_make_up_for_it() -> None:
    turns = Turns()
    serve(turns, {"a": 0}, 50)
    assert Counter(serve(turns, {"a": 0, "b": 0}, 10)) == {"a": 5, "b": 5}
