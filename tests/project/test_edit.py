from __future__ import annotations

from pathlib import Path

import pytest

from penstock.model.errors import BlockNotFoundError, EditRefusedError, GraphInvalidError, PipelineNotFoundError
from penstock.project import Project, open_project
from penstock.project.edit import (
    add_block,
    delete_pipeline_variable,
    remove_block,
    rename_block,
    set_block_configuration,
    set_block_key,
    set_edges,
    set_pipeline_key,
    set_pipeline_variable,
)
from tests.project.golden import copy


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return open_project(copy("good", tmp_path))


def _text(project: Project) -> str:
    return (project.root / "pipelines/orders/metadata.yaml").read_text(encoding="utf-8")


def _changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came, in order."""
    import difflib

    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [line[2:] for line in lines if line[0] == "-"], [line[2:] for line in lines if line[0] == "+"]


def test_keys_and_variables(project: Project) -> None:
    before = _text(project)
    set_pipeline_key(project, "orders", ("name",), "Bills")
    set_pipeline_variable(project, "orders", "limit", 30)
    set_pipeline_variable(project, "orders", "regions", ["north", "south"])
    delete_pipeline_variable(project, "orders", "since")
    delete_pipeline_variable(project, "orders", "never there")
    assert _changed(before, _text(project)) == (
        ["name: Orders", "  limit: 20", "  since: 2024-01-01"],
        ["name: Bills", "  limit: 30", "  regions:", "  - north", "  - south"],
    )
    assert project.pipeline("orders").variables == {"limit": 30, "regions": ["north", "south"]}


def test_a_first_variable_makes_the_map(project: Project) -> None:
    set_pipeline_variable(project, "reports/monthly", "x", "1")
    file = project.root / "pipelines/reports/monthly/metadata.yaml"
    assert file.read_text(encoding="utf-8") == "name: monthly\ntype: python\nblocks: []\nvariables:\n  x: '1'\n"


def test_a_block_is_added_with_both_sides_of_its_edges(project: Project) -> None:
    before = _text(project)
    add_block(
        project, "orders", {"name": "Check it", "type": "custom", "upstream_blocks": ["totals", "join"]}, position=5
    )
    gone, came = _changed(before, _text(project))
    assert gone == ["  downstream_blocks: []"]
    assert came == [
        "  - check_it",
        "  downstream_blocks:",
        "  - check_it",
        "- name: Check it",
        "  type: custom",
        "  upstream_blocks:",
        "  - totals",
        "  - join",
        "  uuid: check_it",
        "  downstream_blocks: []",
    ]
    assert [block.uuid for block in project.pipeline("orders").blocks][5] == "check_it"


def test_a_block_is_removed_with_its_edges(project: Project) -> None:
    remove_block(project, "orders", "save")
    pipeline = project.pipeline("orders")
    assert pipeline.block("save") is None
    assert pipeline.block("join").downstream == ("totals",)
    assert pipeline.callbacks[0].upstream == ()
    assert "# From the service, not from the files." in _text(project)


def test_a_renamed_block_keeps_its_file_and_its_edges(project: Project) -> None:
    before = _text(project)
    rename_block(project, "orders", "join", "Join them")
    pipeline = project.pipeline("orders")
    block = pipeline.block("join_them")
    assert block is not None
    assert block.name == "Join them"
    assert block.file == str(project.root / "transformers/join.py")
    assert pipeline.block("totals").upstream == ("join_them",)
    assert pipeline.block("load_orders").downstream == ("join_them",)
    assert "  - join_them   # by customer" in _text(project)
    assert before.count("#") == _text(project).count("#")
    rename_block(project, "orders", "save", "store")
    assert project.pipeline("orders").block("save_again").replicated_block == "store"


def test_edges_are_written_on_both_sides(project: Project) -> None:
    set_edges(project, "orders", "join", ["api/customers"])
    pipeline = project.pipeline("orders")
    assert pipeline.block("join").upstream == ("api/customers",)
    assert pipeline.block("load_orders").downstream == ()
    set_edges(project, "orders", "join", ["load_orders", "api/customers"])
    pipeline = project.pipeline("orders")
    assert pipeline.block("join").upstream == ("load_orders", "api/customers")
    assert pipeline.block("load_orders").downstream == ("join",)


def test_block_keys(project: Project) -> None:
    set_block_configuration(project, "orders", "totals", "limit", 100)
    set_block_key(project, "orders", "totals", ("timeout",), 5)
    totals = project.pipeline("orders").block("totals")
    assert (totals.configuration["limit"], totals.timeout) == (100, 5.0)


def test_edits_that_make_no_sense_are_refused(project: Project) -> None:
    before = _text(project)
    with pytest.raises(GraphInvalidError, match="form a cycle: "):
        set_edges(project, "orders", "load_orders", ["join"])
    with pytest.raises(GraphInvalidError):
        set_edges(project, "orders", "join", ["nobody"])
    with pytest.raises(GraphInvalidError):
        add_block(project, "orders", {"name": "x", "type": "custom", "upstream_blocks": ["nobody"]})
    with pytest.raises(EditRefusedError):
        add_block(project, "orders", {"name": "join", "type": "custom"})
    with pytest.raises(EditRefusedError):
        add_block(project, "orders", {"name": "new"})
    with pytest.raises(EditRefusedError):
        rename_block(project, "orders", "join", "save")
    with pytest.raises(BlockNotFoundError):
        remove_block(project, "orders", "nobody")
    with pytest.raises(PipelineNotFoundError):
        set_pipeline_key(project, "nobody", ("name",), "x")
    with pytest.raises(EditRefusedError):
        set_pipeline_variable(project, "orders", "x", object())
    assert _text(project) == before


def test_a_change_on_an_old_revision_is_refused(project: Project) -> None:
    seen = project.read("orders").file.revision
    now = set_pipeline_key(project, "orders", ("name",), "A", revision=seen).revision
    with pytest.raises(EditRefusedError, match="changed"):
        set_pipeline_key(project, "orders", ("name",), "B", revision=seen)
    set_pipeline_key(project, "orders", ("name",), "C", revision=now)
    assert project.pipeline("orders").name == "C"
