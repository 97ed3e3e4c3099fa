"""What drivers do with the runs that blocks ask for: odd wishes, several at once, and blocks that end while they wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.engine.plan import RunPlan
from penstock.model.errors import StateUnavailableError
from penstock.model.global_product import GlobalProduct
from penstock.model.messages import Answer
from penstock.schedule.children import Children
from penstock.schedule.claim import Everything
from penstock.schedule.drive import options_of
from penstock.schedule.failpoints import on_reach
from penstock.schedule.wishes import Request, Wish, wish_of
from penstock.state.rows import RunRow
from penstock.state.store import State

NOW = 1000.0


class OneAtATime(Everything):
    """A block needs the one thing that there is, as long as it works."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state = state

    def asks(self, plan: RunPlan, block: str) -> bool:
        return True

    def gate(self, connection: Any, row: RunRow, block: str, now: float) -> bool:
        return self.state.holds.acquire(connection, row.id, block, {"thing": (1, 1)}, now) is None

    def released(self, connection: Any, run: str, block: str) -> None:
        self.state.holds.release(connection, run, block)


@dataclass
class Desk:
    """A driver of runs whose blocks ask."""

    state: State
    children: Children
    answers: list[tuple[str, int, Answer]] = field(default_factory=list)
    over: set[str] = field(default_factory=set)
    asks: int = 0

    def run(self, name: str) -> None:
        """A run under way, driven here."""
        with self.state.write() as connection:
            self.state.runs.insert(connection, RunRow(name, "parent", NOW, due_at=NOW))
            assert self.state.runs.claim(connection, name, "us", now=NOW, until=NOW + 60) == 1
            self.state.runs.write(connection, name, 1, state="running")

    def ask(self, run: str, block: str = "ask", *, failed: tuple[float, str] | None = None, **wanted: Any) -> None:
        self.asks += 1
        number = self.asks

        def reply(answer: Answer) -> None:
            self.answers.append((run, number, answer))

        wish = wish_of({"pipeline_uuid": "child", "check_status": True, **wanted})
        plan: Any = SimpleNamespace(options=SimpleNamespace(environment="dev"))
        self.children.put(
            Request(
                number, "parent", reply, wish, run=run, block=block, attempt=1, failed=failed,
                token=1, plan=plan, over=lambda: run in self.over,
            )
        )  # fmt: skip

    def step(self) -> None:
        for act in self.children.step().acts:
            act()

    def take_up(self, run: str) -> None:
        """Know of the run only what the store tells."""
        self.children.ended(run)
        self.step()

    def end(self, *parents: str) -> None:
        """End what the blocks of these runs wait for, and say so."""
        with self.state.write() as connection:
            for parent in parents:
                for row in self.state.runs.children(connection, parent):
                    self.state.runs.change(connection, row.id, state="completed", ended_at=NOW + 5)
        self.children.heard()

    def holders(self) -> list[tuple[str, str]]:
        with self.state.read() as connection:
            return [(row.run_id, row.block) for row in self.state.holds.of_key(connection, "thing")]

    def waiting(self, run: str) -> Any:
        with self.state.read() as connection:
            row = self.state.runs.get(connection, run)
        assert row is not None
        return row.waiting

    def begin(self, run: str, block: str = "ask") -> bool:
        """Start a block that needs the thing."""
        with self.state.write() as connection:
            row = self.state.runs.get(connection, run)
            assert row is not None
            return OneAtATime(self.state).gate(connection, row, block, NOW)


@pytest.fixture
def desk(state: State) -> Desk:
    project: Any = SimpleNamespace(pipeline=lambda _: None)
    children = Children(state, lambda: project, clock=lambda: NOW, monotonic=lambda: 0.0, admission=OneAtATime(state))
    return Desk(state, children)


@pytest.mark.parametrize(
    "variables",
    [{1: "one", "two": 2}, {"deep": {1: [], "x": {2: 3, "y": 4}}}, {"": None, "long": 10**30}],
)
def test_whatever_crosses_as_a_variable_can_be_asked_with(desk: Desk, variables: dict[Any, Any]) -> None:
    desk.run("p")
    desk.ask("p", variables=variables, check_status=False)
    desk.step()
    assert [answer.error for _, _, answer in desk.answers] == [None]


def test_two_runs_whose_blocks_have_one_name_do_not_both_take_what_there_is_one_of(desk: Desk) -> None:
    for run in ("p", "q"):
        desk.run(run)
        assert desk.begin(run)
        desk.ask(run)
        desk.step()
    assert desk.holders() == []
    desk.end("p", "q")
    desk.step()
    assert [run for run, _, _ in desk.answers] == ["p"]
    assert desk.holders() == [("p", "ask")]
    with desk.state.write() as connection:
        desk.state.holds.release(connection, "p", "ask")
    desk.step()
    assert [run for run, _, _ in desk.answers] == ["p", "q"]
    assert desk.holders() == [("q", "ask")]


def test_a_block_that_waits_for_several_takes_back_what_it_gave_when_all_have_ended(desk: Desk) -> None:
    desk.run("p")
    assert desk.begin("p")
    desk.ask("p", variables={"n": 1})
    desk.ask("p", variables={"n": 2})
    desk.step()
    assert desk.holders() == []
    desk.end("p")
    desk.step()
    assert [number for _, number, _ in desk.answers] == [1, 2]
    assert desk.holders() == [("p", "ask")]


def test_a_run_whose_block_has_ended_while_it_waited_waits_no_more(desk: Desk) -> None:
    desk.run("p")
    desk.ask("p")
    desk.step()
    assert desk.waiting("p")["kind"] == "child"
    desk.over.add("p")
    desk.step()
    assert desk.waiting("p") is None
    assert desk.children.waiting == set()


def test_what_blocks_of_one_run_wait_for_is_written_anew_as_waits_begin_and_end(desk: Desk) -> None:
    desk.run("p")
    desk.ask("p", block="one")
    assert [(what, row.id) for what, row in desk.children.step().news if what == "waiting"] == [("waiting", "p")]
    desk.ask("p", block="two", variables={"n": 1})
    desk.step()
    waiting = desk.waiting("p")
    assert waiting["text"].startswith("one waits for the run ")
    assert waiting["text"].endswith(" of pipeline child (and 1 more wait of its blocks)")
    assert [line["block"] for line in waiting["blocks"]] == ["one", "two"]
    with desk.state.write() as connection:
        desk.state.runs.change(connection, waiting["run"], state="completed", ended_at=NOW + 5)
    desk.children.heard()
    assert [row.waiting["text"] for row in desk.children.step().waits if row.waiting] == [
        f"two waits for the run {waiting['blocks'][1]['run']} of pipeline child"
    ]
    assert [line["block"] for line in desk.waiting("p")["blocks"]] == ["two"]
    with desk.state.write() as connection:
        desk.state.holds.release(connection, "p", "one")
    desk.end("p")
    (row,) = desk.children.step().waits
    assert row.waiting is None
    assert desk.waiting("p") is None


def test_a_block_that_waits_for_a_product_says_which(desk: Desk) -> None:
    desk.run("p")
    product = GlobalProduct("customers", "build", after={"hours": 1})
    wish = Wish("build", waits=True, demands=True, product=product)
    plan: Any = SimpleNamespace(options=SimpleNamespace(environment="dev"))
    for number, block in enumerate(("mine", "yours")):
        desk.children.put(
            Request(number, "parent", lambda _: None, wish, run="p", block=block, attempt=1, token=1, plan=plan)
        )
    desk.step()
    waiting = desk.waiting("p")
    assert [(line["block"], line["run"]) for line in waiting["blocks"]] == [
        ("mine", waiting["run"]),
        ("yours", waiting["run"]),
    ]
    assert waiting["blocks"][1]["text"] == (
        f"yours waits for the global data product customers, which the run {waiting['run']} of pipeline build makes"
    )
    assert waiting["since"] == NOW


def test_what_is_known_of_a_run_goes_with_it(desk: Desk) -> None:
    desk.run("p")
    desk.ask("p")
    desk.children.ended("p")  # before anybody has looked at what it asks
    desk.step()
    assert (desk.children._known, desk.children._counts, desk.children._waits) == ({}, {}, [])


def test_what_a_run_asks_for_after_it_was_taken_up_again_is_not_forgotten_with_what_it_asked_before(desk: Desk) -> None:
    desk.run("p")
    desk.ask("p")
    desk.step()
    desk.ask("p")  # of that drive too, and nobody has looked at it yet
    desk.children.ended("p")  # its lease was lost, and taken again, before anybody looks
    desk.ask("p")
    desk.ask("p")
    desk.step()
    desk.end("p")
    desk.step()
    answered = {number: answer.value["id"] for _, number, answer in desk.answers}
    assert {3, 4} <= set(answered), "who waits is answered"
    assert answered[3] != answered[4], "the first and the second wish of one attempt are two runs"


def test_what_was_asked_for_is_answered_though_the_store_goes_away_a_moment_later(desk: Desk) -> None:
    for run in ("p", "q"):
        desk.run(run)
    desk.ask("p")
    desk.step()
    desk.ask("q", check_status=False)  # made, and to be answered, when the answer to the other cannot be written
    desk.end("p")

    def away(point: str) -> None:
        if point == "answer.before_commit":
            raise StateUnavailableError("the connection was lost")

    on_reach(away)
    try:
        with pytest.raises(StateUnavailableError):
            desk.step()
    finally:
        on_reach(None)
    assert desk.answers == []
    desk.step()
    assert sorted(run for run, _, _ in desk.answers) == ["p", "q"]


def test_a_mistake_over_one_request_fails_that_one_alone(desk: Desk) -> None:
    def pipeline(name: str) -> None:
        if name == "odd":
            raise RuntimeError("nobody thought of that")

    desk.children._project = lambda: SimpleNamespace(pipeline=pipeline)
    for run in ("first", "second", "third"):
        desk.run(run)
    desk.ask("first")
    desk.ask("second", pipeline_uuid="odd")
    desk.ask("third")
    desk.step()
    ((run, _, answer),) = desk.answers
    assert (run, answer.code) == ("second", "X109")
    assert answer.error == "internal error while a run was asked for: RuntimeError: nobody thought of that"
    with desk.state.read() as connection:
        assert [len(desk.state.runs.children(connection, run)) for run in ("first", "second", "third")] == [1, 0, 1]


def test_whatever_the_clock_says_a_block_goes_on_with_what_its_last_attempt_has_asked_for(desk: Desk) -> None:
    def asked(now: float, failed: tuple[float, str] | None) -> str:
        desk.children._clock = lambda: now
        desk.take_up("p")
        desk.ask("p", check_status=False, failed=failed)
        desk.step()
        return str(desk.answers[-1][2].value["id"])

    failed, failed_later = (NOW + 6, "ValueError"), (NOW - 3000, "ValueError")
    desk.run("p")
    first = asked(NOW, None)
    desk.end("p")
    second = asked(NOW - 3600, failed)  # the clock was set back: it seems to be older than the first, and the failure
    assert second != first
    assert asked(NOW - 3599, failed) == second
    desk.end("p")
    assert asked(NOW - 3598, failed) == second
    third = asked(NOW - 7200, failed_later)
    assert third not in {first, second}
    assert asked(NOW - 7199, failed_later) == third


def test_a_run_of_one_block_and_one_without_sensors_are_runs_of_their_own(desk: Desk) -> None:
    desk.run("r")
    for wanted in ({}, {"block_uuid": "load"}, {"skip_sensors": True}):
        desk.ask("r", **wanted)
    desk.step()
    with desk.state.read() as connection:
        rows = desk.state.runs.children(connection, "r")
    found = sorted((row.what, options_of(row).blocks, options_of(row).skip_sensors) for row in rows)
    assert found == [("all", (), False), ("all", (), True), ("block load", ("load",), False)]


def test_wishes_of_whole_pipelines_keep_their_names() -> None:
    """An attempt of an earlier version has written down which runs it had asked for."""
    named = wish_of({"pipeline_uuid": "child", "check_status": True})
    assert named.key("ask", 0) == Wish("child").key("ask", 0) == "9517e554f9ddb0f1fd336dbb58dec0d6"
    assert (
        len(
            {
                Wish("child", block=block, skip_sensors=calm).key("ask", 0)
                for block in ("", "a")
                for calm in (False, True)
            }
        )
        == 4
    )
