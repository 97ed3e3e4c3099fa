"""Runs that blocks of the studio's runs ask for: what becomes of them with the end of the run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.engine.handle import Asking
from penstock.model import events
from penstock.model.errors import StateUnavailableError
from penstock.model.messages import Answer, Ask, AskKind
from penstock.model.run import RunState
from penstock.server.runs.children import StudioChildren
from penstock.state.rows import RunRow
from penstock.state.store import State, open_state
from tests.patience import PATIENCE


def a_run_of_the_studio(tmp_path: Path) -> tuple[State, Any, Any, Any]:
    """The store with a run under way, and of its project, pump and plan what is asked of them here."""
    state = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    with state.write() as connection:
        state.runs.insert(connection, RunRow("p", "parent", 1.0, state="running", origin="studio"))
    project: Any = SimpleNamespace(pipeline=lambda _: None)
    pump: Any = SimpleNamespace(kick=lambda: None)
    plan: Any = SimpleNamespace(
        run="p", pipeline=SimpleNamespace(uuid="parent"), options=SimpleNamespace(environment="dev")
    )
    return state, project, pump, plan


def test_what_a_block_waited_for_ends_with_its_run_and_is_told(tmp_path: Path) -> None:
    state, project, pump, plan = a_run_of_the_studio(tmp_path)

    async def play() -> tuple[RunRow, RunRow]:
        made: asyncio.Queue[RunRow] = asyncio.Queue()
        ending: asyncio.Queue[RunRow] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        children = StudioChildren(
            state,
            lambda: project,
            pump,
            lambda *_: None,
            made.put_nowait,
            lambda _: None,
            lambda row: loop.call_soon_threadsafe(ending.put_nowait, row),
        )
        await children.start()
        handle: Any = SimpleNamespace(plan=plan, ended=False, sink=lambda _: None)
        current: Any = SimpleNamespace(over=False, attempt=SimpleNamespace(ended=None))
        ask = Ask(1, AskKind.TRIGGER_PIPELINE, {"pipeline_uuid": "child", "check_status": True})
        children.asked(Asking(handle, "ask", 1, ask, lambda _: None, None, current))
        child = await asyncio.wait_for(made.get(), PATIENCE)
        for sink in children.sinks(plan):
            sink(events.RunEnded("p", "parent", RunState.CANCELLED, 2.0, 1.0))
        ended = await asyncio.wait_for(ending.get(), PATIENCE)
        await children.close()
        return child, ended

    child, ended = asyncio.run(play())
    state.close()
    assert (child.pipeline, child.state) == ("child", "initial")
    assert (ended.id, ended.state) == (child.id, "cancelled")


def test_a_mistake_over_one_run_keeps_no_other_waiting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    project: Any = SimpleNamespace(pipeline=lambda _: None)
    pump: Any = SimpleNamespace(kick=lambda: None)

    def recorded(pipeline: str, run: str) -> None:
        if run == "odd":
            raise RuntimeError("nobody thought of that")
        with state.write() as connection:
            state.runs.insert(connection, RunRow(run, pipeline, 1.0, state="running", origin="studio"))

    async def play() -> RunRow:
        made: asyncio.Queue[RunRow] = asyncio.Queue()
        children = StudioChildren(
            state, lambda: project, pump, recorded, made.put_nowait, lambda _: None, lambda _: None
        )
        await children.start()
        for number, run in enumerate(("odd", "good")):
            plan: Any = SimpleNamespace(
                run=run, pipeline=SimpleNamespace(uuid="parent"), options=SimpleNamespace(environment="dev")
            )
            handle: Any = SimpleNamespace(plan=plan, ended=False, sink=lambda _: None)
            current: Any = SimpleNamespace(over=False, attempt=SimpleNamespace(ended=None))
            ask = Ask(number, AskKind.TRIGGER_PIPELINE, {"pipeline_uuid": "child", "check_status": True})
            children.asked(Asking(handle, "ask", 1, ask, lambda _: None, None, current))
        while (row := await asyncio.wait_for(made.get(), PATIENCE)).parent_run != "good":
            pass
        await children.close()
        return row

    assert asyncio.run(play()).pipeline == "child"
    state.close()
    assert "run odd" in caplog.text
    assert "nobody thought of that" in caplog.text


@pytest.mark.parametrize(
    "mistake", [RuntimeError("nobody thought of that"), StateUnavailableError("reading runs: it is away", hint="")]
)
def test_a_mistake_in_telling_pages_of_a_wait_keeps_no_answer_from_its_block(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mistake: Exception
) -> None:
    state, project, pump, plan = a_run_of_the_studio(tmp_path)

    def waits(_: RunRow) -> None:
        raise mistake

    async def play() -> Answer:
        made: asyncio.Queue[RunRow] = asyncio.Queue()
        answers: asyncio.Queue[Answer] = asyncio.Queue()
        children = StudioChildren(state, lambda: project, pump, lambda *_: None, made.put_nowait, waits, lambda _: None)
        await children.start()
        handle: Any = SimpleNamespace(plan=plan, ended=False, sink=lambda _: None)
        current: Any = SimpleNamespace(over=False, attempt=SimpleNamespace(ended=None))
        ask = Ask(1, AskKind.TRIGGER_PIPELINE, {"pipeline_uuid": "child", "check_status": True})
        children.asked(Asking(handle, "ask", 1, ask, answers.put_nowait, None, current))
        child = await asyncio.wait_for(made.get(), PATIENCE)
        with state.write() as connection:
            state.runs.change(connection, child.id, state="completed", ended_at=2.0)
        children.heard("runs", child.id)
        answer = await asyncio.wait_for(answers.get(), PATIENCE)
        await children.close()
        return answer

    assert asyncio.run(play()).error is None
    state.close()
    assert ("run p" in caplog.text) == isinstance(mistake, RuntimeError)
