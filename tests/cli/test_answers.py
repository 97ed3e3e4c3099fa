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
