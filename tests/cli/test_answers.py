"""What code of blocks asks of the control side: whatever it is, it is answered, and nobody else suffers for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.cli.answers import Answers
from penstock.cli.nested import Nested
from penstock.model.messages import Answer, Ask, AskKind
from penstock.project import open_project
from tests.cli.projects import B, write_project
from tests.observe.runs import record_run

ODD: list[Any] = [None, 5, 10**400, 1e300, float("inf"), float("nan"), "", "\0", [None], {}, {1: 2, "b": 3}, True, b"x"]
NAMES = ("name", "key", "value", "pipeline_uuid", "execution_date", "hours", "delete")


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    project = open_project(write_project(tmp_path / "project", p=[B("a", "data_loader", "return 1")]))
    return Answers(project, Nested(project))


def answered(answers: Answers, kind: AskKind, **arguments: Any) -> Answer:
    given: list[Answer] = []
    answers.answer("p", Ask(7, kind, arguments), given.append)
    (answer,) = given
    assert answer.ask == 7
    return answer


@pytest.mark.parametrize("kind", list(AskKind))
def test_every_request_has_one_answer(answers: Answers, kind: AskKind) -> None:
    for name in NAMES:
        for value in ODD:
            answer = answered(answers, kind, **{name: value})
            assert answer.error is None or (answer.code and answer.hint)


def test_a_request_that_stumbles_is_answered_with_why(answers: Answers) -> None:
    def stumble(_: Any) -> None:
        raise KeyError("name")

    answers.on_runs = stumble
    given: list[Answer] = []
    asking: Any = SimpleNamespace(ask=Ask(3, AskKind.TRIGGER_PIPELINE, {}), reply=given.append)
    answers(asking)
    assert [(answer.ask, answer.code) for answer in given] == [(3, "X105")]
    assert "trigger_pipeline" in str(given[0].error)


@pytest.mark.parametrize("hours", [1, 10**9, float("inf")])
def test_the_latest_run_is_found_in_a_window_of_any_length(answers: Answers, hours: float) -> None:
    record_run(answers.project.logs_root(), "20260101-000000-000000-a", pipeline="p", at=1_767_225_600.0)
    wanted = {"pipeline_uuid": "p", "execution_date": "2026-01-01T00:30:00+00:00", "hours": hours}
    assert answered(answers, AskKind.RUN_STATUS, **wanted).value["run"] == "20260101-000000-000000-a"


def status(answers: Answers, pipeline: str, block: str | None = None) -> Answer:
    wanted = {"pipeline_uuid": pipeline, "block_uuid": block, "execution_date": "2026-01-01T00:30:00+00:00"}
    return answered(answers, AskKind.RUN_STATUS, **wanted)


def test_a_sensor_does_not_wait_for_a_pipeline_or_a_block_that_is_not_there(answers: Answers) -> None:
    assert status(answers, "p") == status(answers, "p", "a") == Answer(7), "it waits for its first run"
    missing = status(answers, "q")
    assert missing.code == "J102"
    assert missing.error == "checking the status of pipeline q: project project has none of that name"
    assert missing.hint == "It has p."
    assert (status(answers, "p", "b").code, status(answers, "p", "b").hint) == ("J103", "It has a.")
    assert status(answers, "p", "a:0") == Answer(7), "one of the children of a"

    record_run(answers.project.logs_root(), pipeline="p", at=1_767_225_600.0)
    assert status(answers, "p", "load").value["blocks"]["load"] == "completed", "it has run, and was removed since"
    assert status(answers, "p", "b").code == "J103"
    record_run(answers.project.logs_root(), pipeline="q", at=1_767_225_600.0)
    assert status(answers, "q").value["run"] == "r1", "the pipeline has run, and was removed since"


def test_a_sensor_waits_while_nobody_knows_what_there_is(answers: Answers) -> None:
    pipelines = answers.project.root / "pipelines"
    (pipelines / "p" / "metadata.yaml").write_text("blocks: [")
    assert status(answers, "p", "b") == Answer(7)
    pipelines.rename(pipelines.with_name("away"))
    assert status(answers, "p") == status(answers, "q") == Answer(7)
