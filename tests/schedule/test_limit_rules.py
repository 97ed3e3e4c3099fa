"""Which limits hold: pipeline over project over environment, and what blocks take of named resources."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.cli.wire import with_defaults
from penstock.model.trigger import OnLimit
from penstock.project import open_project
from penstock.schedule.limit_rules import RuleBook, Rules, on_limit, trigger_limit
from penstock.state.store import State

PIPELINE = """name: p
type: python
blocks:
- uuid: load
  type: data_loader
  language: python
  resources: {warehouse: 2, disk: 0}
- uuid: copy
  type: custom
  language: python
  resources: [licence]
"""


def project(tmp_path: Path, metadata: str = "", pipeline: str = PIPELINE) -> RuleBook:
    (tmp_path / "pipelines" / "p").mkdir(parents=True, exist_ok=True)
    (tmp_path / "metadata.yaml").write_text("project_type: standalone\n" + metadata)
    (tmp_path / "pipelines" / "p" / "metadata.yaml").write_text(pipeline)
    opened = open_project(tmp_path)
    return RuleBook(lambda: opened)


def test_nothing_written_is_no_limit(tmp_path: Path) -> None:
    rules = project(tmp_path, pipeline="name: p\ntype: python\nblocks: []\n")("p")
    assert rules == Rules()


def test_the_pipeline_says_more_than_the_project(tmp_path: Path) -> None:
    metadata = "concurrency_config: {pipeline_run_limit: 5, pipeline_run_limit_all_triggers: 4, pipeline_run_limit_all_pipelines: 9}\n"
    own = PIPELINE + "concurrency_config: {pipeline_run_limit: 2, on_pipeline_run_limit_reached: skip}\n"
    rules = project(tmp_path, metadata, own)("p")
    assert (rules.trigger, rules.pipeline, rules.project) == (2, 4, 9)
    assert rules.on_limit is OnLimit.SKIP


def test_the_environment_says_what_neither_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCURRENCY_CONFIG_PIPELINE_RUN_LIMIT", "3")
    assert project(tmp_path)("p").trigger == 3
    monkeypatch.setenv("CONCURRENCY_CONFIG_PIPELINE_RUN_LIMIT", "many")
    assert project(tmp_path)("p").trigger is None


def test_a_trigger_overrides_its_pipeline() -> None:
    rules = Rules(trigger=3)
    assert trigger_limit(rules, {"pipeline_run_limit": 1}) == 1
    assert trigger_limit(rules, {}) == 3
    assert on_limit(rules, {"on_limit": "skip"}) is OnLimit.SKIP


@pytest.mark.parametrize("text", ["-1", "0", "true", "[1]", "{}", "1e400", "x"])
def test_what_is_no_number_is_no_limit(tmp_path: Path, text: str) -> None:
    rules = project(tmp_path, f"concurrency_config: {{pipeline_run_limit: {text}}}\n")("p")
    assert rules.trigger is None


@pytest.mark.parametrize(
    ("of_project", "of_pipeline", "of_environment", "limit"),
    [
        ("", "", "", None),
        ("", "", "3", 3),
        ("4", "", "3", 4),
        ("4", "2", "3", 2),
        ("4", "0", "3", None),
        ("4", "null", "3", 4),
        ("", "many", "", None),
    ],
)
def test_blocks_of_a_run_at_once_are_as_the_pipeline_says_else_the_project_else_the_environment(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    of_project: str,
    of_pipeline: str,
    of_environment: str,
    limit: int | None,
) -> None:
    if of_environment:
        monkeypatch.setenv("CONCURRENCY_CONFIG_BLOCK_RUN_LIMIT", of_environment)

    def config(text: str) -> str:
        return f"concurrency_config: {{block_run_limit: {text}}}\n" if text else ""

    book = project(tmp_path, config(of_project), PIPELINE + config(of_pipeline))
    assert book("p").run_blocks == limit
    opened = open_project(tmp_path)
    started = with_defaults(opened, opened.pipeline("p")).concurrency_config.get("block_run_limit")
    assert (started if isinstance(started, int) and started > 0 else None) == limit, "the run loop is told the same"


@pytest.mark.parametrize(("says", "variable", "alone"), [("", "1", True), ("false", "1", False), ("true", "", True)])
def test_a_pipeline_in_one_process_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, variable: str, *, alone: bool
) -> None:
    if variable:
        monkeypatch.setenv("RUN_PIPELINE_IN_ONE_PROCESS", variable)
    own = PIPELINE + (f"run_pipeline_in_one_process: {says}\n" if says else "")
    assert project(tmp_path, pipeline=own)("p").in_one_process is alone
    opened = open_project(tmp_path)
    assert with_defaults(opened, opened.pipeline("p")).run_in_one_process is alone


def test_resources_of_blocks(tmp_path: Path) -> None:
    metadata = "resources: {warehouse: 1}\nconcurrency_config: {block_run_limit_per_block_uuid: {load: 2}}\n"
    rules = project(tmp_path, metadata)("p")
    assert rules.wanted("load") == {"resource:warehouse": (1, 1), "block:load": (1, 2)}, "at most what there is"
    assert rules.wanted("copy") == {"resource:licence": (1, 1)}, "not declared: one unit"
    assert rules.wanted("other") == {}


def test_a_file_that_changes_is_read_again_and_a_broken_one_keeps_the_projects_rules(tmp_path: Path) -> None:
    book = project(tmp_path, "concurrency_config: {pipeline_run_limit: 7}\n")
    first = book("p")
    assert book("p") is first
    file = tmp_path / "pipelines" / "p" / "metadata.yaml"
    file.write_text("a: [")
    os.utime(file, ns=(1, 1))
    assert book("p") == Rules(trigger=7)
    assert book("missing") == Rules(trigger=7)
    assert book("../outside") == Rules(trigger=7)


def test_units_beyond_any_count_are_a_number_that_a_database_holds(tmp_path: Path, state: State) -> None:
    many = "9" * 400
    own = PIPELINE.replace("warehouse: 2", f"warehouse: {many}")
    rules = project(tmp_path, f"resources: {{warehouse: {many}}}\n", own)("p")
    with state.write() as connection:
        assert state.holds.acquire(connection, "r", "load", rules.wanted("load"), 1.0) is None
