from __future__ import annotations

from pathlib import Path

import pytest

from penstock.config.diagnostics import Severity
from penstock.model.block import BlockType, Language
from penstock.model.errors import FileInvalidError
from penstock.model.pipeline import PipelineType
from penstock.project import open_project
from tests.project.golden import PROJECTS, copy

BOMB = "x0: &x0 [1, 1]\n" + "".join(f"x{i}: &x{i} [*x{i - 1}, *x{i - 1}]\n" for i in range(1, 40))


def _write(root: Path, uuid: str, text: str | bytes) -> None:
    folder = root / "pipelines" / uuid
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.yaml").write_bytes(text.encode() if isinstance(text, str) else text)


def test_a_pipeline_is_read_with_every_key() -> None:
    root = PROJECTS / "good"
    pipeline = open_project(root).pipeline("orders")
    assert (pipeline.uuid, pipeline.name, pipeline.type) == ("orders", "Orders", PipelineType.PYTHON)
    assert pipeline.tags == ("shop", "daily")
    assert pipeline.variables["limit"] == 20
    assert pipeline.concurrency_config == {"block_run_limit": 2}
    assert pipeline.raw["x_team"].startswith("kept")
    assert [block.uuid for block in pipeline.blocks] == [
        "load_orders", "api/customers", "join", "totals", "save", "save_again", "about",
    ]  # fmt: skip
    load, customers, join, totals, save, again, about = pipeline.blocks
    assert (load.name, load.timeout, load.retry_config) == ("Load orders", 60.0, {"retries": 3})
    assert customers.file == str(root / "data_loaders/api/customers.py")
    assert customers.language is Language.PYTHON
    assert join.upstream == ("load_orders", "api/customers")
    assert totals.file == str(root / "transformers/totals.sql")
    assert again.file == save.file == str(root / "data_exporters/save.py")
    assert (about.type, about.language) == (BlockType.MARKDOWN, Language.MARKDOWN)
    assert pipeline.conditionals[0].upstream == ("save",)


def test_findings_of_the_odd_project_are_exactly_these() -> None:
    project = open_project(PROJECTS / "odd")
    reading = project.read("everything")
    found = sorted((finding.code, finding.block) for finding in reading.findings)
    assert found == sorted(
        [
            *[("PS010", "")] * 6,
            ("PS010", "slower"),
            ("PS013", "untyped"),
            ("PS013", "nowhere_typed"),
            ("PS011", "thinker"),
            ("PS012", "fast"),
            ("PS014", "gone"),
            ("PS015", "moved"),
            ("PS015", "windows"),
            ("PS016", "outside"),
            ("PS016", "../../../secret"),
            *[("PS017", "slow")] * 3,
            ("PS017", "slower"),
            ("PS018", "child"),
            ("PS018", "told_otherwise"),
            ("PS019", "lost"),
            ("PS021", "twice"),
            ("PS014", "twice"),
            ("PS002", ""),
            ("PS003", ""),
        ]
    )
    assert all(finding.location and finding.location.line and finding.hint for finding in reading.findings)


def test_what_is_odd_is_read_as_well_as_it_can_be() -> None:
    root = PROJECTS / "odd"
    pipeline = open_project(root).pipeline("everything")
    blocks = {block.uuid: block for block in pipeline.blocks}
    assert pipeline.name == "twice"
    assert pipeline.tags == ("alone",)
    assert pipeline.description == "7"
    assert blocks["no_uuid"].type is BlockType.DATA_LOADER
    assert blocks["untyped"].type is BlockType.DATA_LOADER
    assert (blocks["thinker"].type, blocks["thinker"].declared_type) == (BlockType.UNKNOWN, "ai")
    assert blocks["moved"].file == blocks["windows"].file == str(root / "data_loaders/moved_here.py")
    assert blocks["outside"].file is None
    assert blocks["slow"].timeout == 60.0
    assert blocks["slow"].retry_config == {"delay": 5}
    assert blocks["slower"].upstream == ("slow",)
    assert blocks["child"].upstream == ("parent",)
    assert blocks["told_otherwise"].upstream == ()
    assert blocks["twice"].type is BlockType.SCRATCHPAD
    assert blocks["2024-01-31"].file == str(root / "custom/2024-01-31.py")


def test_broken_pipelines_leave_the_others_alone() -> None:
    project = open_project(PROJECTS / "odd")
    broken = []
    for uuid in project.pipeline_uuids():
        try:
            project.pipeline(uuid)
        except FileInvalidError as error:
            broken.append((uuid, error.location.file if error.location else ""))
    assert broken == [(uuid, f"pipelines/{uuid}/metadata.yaml") for uuid in ("a_list", "broken", "tagged")]
    assert project.pipeline("empty").blocks == ()
    assert project.pipeline("no_blocks").blocks == ()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff\xfe\x00binary", 1),
        (b"name: x\n\x00\x01\x02", 2),
        (b"a: 1\nname: caf\xe9\n", 2),
        ("[" * 100_000, 1),
        ("a:\n  " + "- " * 5000, 2),
        (BOMB, 0),
        ("a: *nowhere", 1),
        ("a: &a [*a]", 1),
        ("a: !!python/name:os.system x", 1),
        ("? [a]\n: 1", 1),
        ("a: 1\n---\nb: 2", 2),
        ("\ta: 1", 1),
        ("text only", 0),
    ],
)
def test_hostile_files_are_refused_with_a_place(content: str | bytes, line: int, tmp_path: Path) -> None:
    root = copy("good", tmp_path)
    _write(root, "bad", content)
    project = open_project(root)
    with pytest.raises(FileInvalidError) as caught:
        project.pipeline("bad")
    assert caught.value.location is not None
    assert caught.value.location.file == "pipelines/bad/metadata.yaml"
    assert not line or caught.value.location.line == line
    assert project.pipeline("orders").blocks


ODD = [
    "null", "1", "text", "[]", "{}", "[[]]", "{a: {b: 1}}", "2024-01-01", "true", "''", "[null, 1, {}]", ".nan", ".inf",
    "9" * 400,
]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=lambda value: value[:20])
@pytest.mark.parametrize(
    "key",
    ["name", "type", "description", "tags", "blocks", "callbacks", "conditionals", "widgets", "variables", "retry_config",
     "concurrency_config", "run_pipeline_in_one_process", "uuid", "executor_type", "extensions"],
)  # fmt: skip
def test_any_value_at_any_key_is_read_or_told(key: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    _write(tmp_path, "p", f"{key}: {value}\n")
    reading = open_project(tmp_path).read("p")
    assert reading.pipeline.uuid == "p"
    assert all(finding.severity in Severity for finding in reading.findings)


@pytest.mark.parametrize("value", ODD, ids=lambda value: value[:20])
@pytest.mark.parametrize(
    "key",
    ["name", "type", "language", "upstream_blocks", "downstream_blocks", "configuration", "executor_type", "retry_config",
     "timeout", "color", "replicated_block", "content", "uuid", "configuration: {file_source", "configuration: {file_path"],
)  # fmt: skip
def test_any_value_at_any_key_of_a_block_is_read_or_told(key: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    close = "}" if "{" in key else ""
    _write(tmp_path, "p", f"type: python\nblocks:\n- name: one\n  {key}: {value}{close}\n")
    reading = open_project(tmp_path).read("p")
    assert len(reading.pipeline.blocks) <= 1 or key == "name"


def test_legacy_variables_are_read_when_the_file_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    root = tmp_path / "shop"
    _write(root, "old", "type: python\nblocks: []\n")
    folder = tmp_path / "data/shop/pipelines/old/.variables/global"
    (folder / "rate").mkdir(parents=True)
    (folder / "rate/data.json").write_text("1.5")
    (folder / "name.json").write_text('"x"')
    (folder / "broken.json").write_text("{")
    assert open_project(root).pipeline("old").variables == {"rate": 1.5, "name": "x"}
    _write(root, "old", "type: python\nblocks: []\nvariables: {a: 1}\n")
    assert open_project(root).pipeline("old").variables == {"a": 1}


def test_inline_content_stands_in_for_a_missing_file(tmp_path: Path) -> None:
    _write(tmp_path, "p", "type: python\nblocks:\n- {uuid: x, type: custom, content: 'a = 1'}\n")
    reading = open_project(tmp_path).read("p")
    assert reading.pipeline.blocks[0].content == "a = 1"
    assert reading.findings == ()
