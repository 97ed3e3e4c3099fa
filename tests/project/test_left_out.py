"""What a pipeline asks for and this version does not do is found where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.project import check_project, open_project

CODES = {"PS026", "PS027", "PS028", "PS053"}


def found_in(root: Path, text: str) -> list[Diagnostic]:
    """The findings about what has no effect, in a project with one pipeline of that text."""
    (root / "pipelines/p").mkdir(parents=True, exist_ok=True)
    (root / "metadata.yaml").write_text("project_type: standalone\n")
    (root / "pipelines/p/metadata.yaml").write_text(text)
    found = [each for each in check_project(open_project(root)) if each.code in CODES]
    assert all(each.severity is Severity.WARNING and each.hint for each in found)
    return found


def test_blocks_of_extensions_are_told_one_by_one(tmp_path: Path) -> None:
    found = found_in(
        tmp_path,
        "type: python\nblocks: []\nextensions:\n  great_expectations:\n    blocks:\n"
        "    - {uuid: ge, type: extension, upstream_blocks: [one]}\n    - {uuid: more, type: extension}\n"
        "  odd: [1]\n",
    )
    assert [(each.code, each.block, str(each.location).rpartition(":")[0]) for each in found] == [
        ("PS026", "ge", "pipelines/p/metadata.yaml:6"),
        ("PS026", "more", "pipelines/p/metadata.yaml:7"),
    ]
    assert "no data is validated" in found[0].message


@pytest.mark.parametrize("executor", ["local_python", "local_python_force", "", "null", '"{{ env_var(1) }}"'])
def test_executors_of_this_machine_are_nothing_to_tell(executor: str, tmp_path: Path) -> None:
    text = f"type: python\nexecutor_type: {executor}\nblocks:\n- {{uuid: x, type: custom, executor_type: {executor}}}\n"
    assert found_in(tmp_path, text) == []


def test_other_executors_are_told_of_pipelines_and_blocks(tmp_path: Path) -> None:
    found = found_in(
        tmp_path,
        "type: python\nexecutor_type: ecs\nblocks:\n- uuid: x\n  type: custom\n  executor_type: k8s\n"
        "  executor_config: {namespace: big}\n",
    )
    assert [(each.code, each.location.line if each.location else 0, each.message) for each in found] == [
        ("PS027", 2, "pipeline p: its executor is ecs, and this version runs blocks on this machine only"),
        ("PS027", 6, "block x: its executor is k8s, and this version runs blocks on this machine only"),
    ]


def test_executors_of_a_pipeline_that_does_not_run_are_not_told(tmp_path: Path) -> None:
    text = "type: streaming\nexecutor_type: ecs\nblocks:\n- {uuid: x, type: custom, executor_type: k8s}\n"
    assert found_in(tmp_path, text) == []


def test_an_executor_of_the_environment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_EXECUTOR_TYPE", "k8s")
    (found,) = found_in(tmp_path, "type: python\nblocks: []\n")
    assert found.message == "DEFAULT_EXECUTOR_TYPE is k8s, and this version runs blocks on this machine only"


@pytest.mark.parametrize(
    ("configuration", "told"),
    [
        ({"variables": {"upstream": {"u": {"input_data_types": ["generator"], "batch_settings": {}}}}}, []),
        ({"variables": {"read": {"input_data_types": "batch", "batch_settings": {"items": {"maximum": 3}}}}}, []),
        ({"variables": {"read": {"input_data_types": ["reader"], "batch_settings": {"count": 3}}}}, []),
        ({"variables": {"write": 1, "limit": 3, "upstream": "text", "read": "text"}}, []),
        ({"dynamic": {"parent": True}}, []),
        ({"dynamic": {"parent": True, "batch_settings": {"items": 3}}}, ["dynamic.batch_settings"]),
        (
            {"variables": {"read": {"input_data_types": ["reader"], "chunks": [{"start": 0, "end": 2}]}}},
            ["variables.read.chunks"],
        ),
        (
            {"variables": {"upstream": {"u": {"batch_settings": {"size": {"maximum": 16}, "mode": "a"}}}}},
            ["variables.upstream.u.batch_settings.size", "variables.upstream.u.batch_settings.mode"],
        ),
        (
            {"variables": {"read": {"batch_settings": {"items": {"minimum": 1, "maximum": 2}}}}},
            ["variables.read.batch_settings.items.minimum"],
        ),
        ({"variables": {"read": {"input_data_types": ["stream"]}}}, ["variables.read.input_data_types"]),
        ({"variables": {"read": {"input_data_types": [{"batch": 1}]}}}, ["variables.read.input_data_types"]),
        ({"variables": {"read": {"input_data_types": {"batch": 1}}}}, ["variables.read.input_data_types"]),
        ({"variables": {"write": {"batch_settings": {"items": {"maximum": 2}}}}}, ["variables.write"]),
        ({"variables": {"downstream": {"d": {"input_data_types": ["batch"]}}}}, ["variables.downstream"]),
    ],
)
def test_settings_of_batches_that_are_not_read_are_told(configuration: object, told: list[str], tmp_path: Path) -> None:
    entry = {"uuid": "x", "type": "custom", "configuration": configuration}
    found = found_in(tmp_path, yaml.safe_dump({"type": "python", "blocks": [entry]}, sort_keys=False))
    assert [each.message.split(": ")[1] for each in found] == told
    assert all(each.code == "PS028" and each.location and each.location.line > 3 for each in found)


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("", ["x"]),
        ("data_provider: duckdb", ["x"]),
        ("data_provider: PostGres", ["x"]),
        ("data_provider: snowflake", []),
    ],
)
def test_a_database_that_a_block_names_in_place_of_its_profile_is_told(
    tmp_path: Path, provider: str, told: list[str]
) -> None:
    found = found_in(
        tmp_path,
        "type: python\nblocks:\n- {uuid: x, type: transformer, language: sql, upstream_blocks: [],\n"
        f"   configuration: {{data_provider_database: other, {provider}}}}}\n"
        "- {uuid: y, type: transformer, language: sql, configuration: {data_provider_database: ''}}\n"
        "- {uuid: z, type: transformer, language: python, configuration: {data_provider_database: other}}\n",
    )
    assert [each.block for each in found] == told
    assert all(each.code == "PS053" and each.location and each.location.line == 4 for each in found)
    assert all("data_provider_database: other has no effect" in each.message for each in found)
