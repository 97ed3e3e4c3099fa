from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.model.errors import PipelineNotFoundError, ProjectNotFoundError
from penstock.project import open_project
from tests.project.golden import NAMES, PROJECTS, copy


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PENSTOCK_DATA_DIR", "MAGE_DATA_DIR", "PENSTOCK_LOGS_DIR", "LOGS_DIR_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _project(root: Path, metadata: str = "") -> Path:
    (root / "pipelines").mkdir(parents=True)
    (root / "metadata.yaml").write_text(metadata)
    return root


@pytest.mark.parametrize("name", NAMES)
def test_golden_projects_open(name: str) -> None:
    project = open_project(PROJECTS / name)
    assert (project.name, project.root) == (name, PROJECTS / name)


def test_pipelines_in_sub_folders_count() -> None:
    assert open_project(PROJECTS / "good").pipeline_uuids() == ["orders", "reports/monthly"]
    assert open_project(PROJECTS / "good").pipeline("reports/monthly").uuid == "reports/monthly"


def test_settings_are_read_with_templates_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_URL", "https://slack")
    project = open_project(PROJECTS / "good")
    assert project.findings == ()
    settings = project.settings
    assert settings.retry_config.retries == 2
    assert settings.log_retention_period == "30d"
    assert settings.save_triggers_in_code
    assert settings.features == {"polars": True}
    assert settings.notification_config["slack_config"]["webhook_url"] == "https://slack"
    assert settings.raw["our_own_key"] == "kept"


@pytest.mark.parametrize(
    ("metadata", "code", "line"),
    [
        ("a: {% if %}", "PS006", 1),
        ("x: 1\na: {{ ().__class__ }}", "PS006", 2),
        ("a: [1\n", "PS001", 2),
        ("- 1", "PS010", 1),
        ("project_type: main\nqueue_config: {concurrency: -1}", "PS005", 2),
    ],
)
def test_odd_project_files_give_a_finding_and_defaults(metadata: str, code: str, line: int, tmp_path: Path) -> None:
    project = open_project(_project(tmp_path / "p", metadata))
    (finding,) = project.findings
    assert (finding.code, finding.location.line) == (code, line)
    assert project.settings.queue_config.concurrency == 20


def test_a_folder_with_pipelines_only_is_a_project(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    project = open_project(tmp_path)
    assert [finding.code for finding in project.findings] == ["PS004"]
    assert project.pipeline_uuids() == []


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("missing", "penstock init"),
        ("metadata.yaml", "Name a folder"),
        (".", "good"),
        ("good/pipelines/orders", "Open the project"),
        ("good/utils", "penstock init"),
        ("a\0b", "Correct"),
    ],
)
def test_what_is_no_project_is_told_with_a_way_on(path: str, hint: str, tmp_path: Path) -> None:
    copy("good", tmp_path)
    (tmp_path / "metadata.yaml").unlink(missing_ok=True)
    if path == "metadata.yaml":
        path = "good/requirements.txt"
    with pytest.raises(ProjectNotFoundError) as caught:
        open_project(f"{tmp_path}/{path}")
    assert hint in caught.value.hint


@pytest.mark.parametrize("uuid", ["order", "ordres", "monthly"])
def test_an_unknown_pipeline_names_close_ones(uuid: str) -> None:
    with pytest.raises(PipelineNotFoundError) as caught:
        open_project(PROJECTS / "good").pipeline(uuid)
    assert ("orders" if uuid != "monthly" else "reports/monthly") in caught.value.hint


@pytest.mark.parametrize(
    "uuid", ["", "..", "../good/pipelines/orders", "/etc", "a\0b", "~", "C:\\x", "orders/..", "orders/.", "x" * 5000]
)
def test_a_pipeline_is_never_outside(uuid: str) -> None:
    with pytest.raises((PipelineNotFoundError, OSError)):
        open_project(PROJECTS / "good").pipeline(uuid)


def test_loops_of_links_and_unreadable_folders_do_not_hurt(tmp_path: Path) -> None:
    root = _project(tmp_path / "p")
    (root / "pipelines/loop").symlink_to(root / "pipelines")
    (root / "pipelines/self").symlink_to("self")
    (root / "pipelines/dangling").mkdir()
    (root / "pipelines/dangling/metadata.yaml").symlink_to("nowhere")
    (root / "pipelines/a").mkdir()
    (root / "pipelines/a/metadata.yaml").write_text("type: python\n")
    project = open_project(root)
    assert set(project.pipeline_uuids()) >= {"a", "dangling"}
    assert len(project.pipeline_uuids()) < 10


# Data folders


def test_the_default_data_folder(tmp_path: Path, data: Path) -> None:
    project = open_project(_project(tmp_path / "shop"))
    assert project.data_dir() == data / ".penstock/shop"
    assert project.store_root() == data / ".penstock/shop/products"
    assert project.logs_root() == data / ".penstock/shop/logs"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("~/elsewhere", "home/elsewhere/shop"),
        ("data/here", "shop/data/here"),
        ("./x", "shop/x"),
        ("None", "home/.penstock/shop"),
        ("s3://bucket/x", "home/.penstock/shop"),
    ],
)
def test_variables_dir_of_the_settings(setting: str, expected: str, tmp_path: Path) -> None:
    project = open_project(_project(tmp_path / "shop", f"variables_dir: {setting}\n"))
    assert project.data_dir() == tmp_path / expected


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = open_project(_project(tmp_path / "shop", "variables_dir: /nowhere\n"))
    monkeypatch.setenv("MAGE_DATA_DIR", str(tmp_path / "mage"))
    assert project.data_dir() == tmp_path / "mage/shop"
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "ours"))
    assert project.data_dir() == tmp_path / "ours/shop"
    monkeypatch.setenv("LOGS_DIR_PATH", str(tmp_path / "logs"))
    assert project.logs_root() == tmp_path / "logs/shop"


def test_two_projects_of_one_name_have_two_folders(tmp_path: Path) -> None:
    first = open_project(_project(tmp_path / "a/shop"))
    second = open_project(_project(tmp_path / "b/shop"))
    third = open_project(_project(tmp_path / "c/shop", "project_uuid: abc\n"))
    folders = [project.data_dir() for project in (first, second, third)]
    assert len(set(folders)) == 3
    assert folders[0].name == "shop"
    assert all(folder.name.startswith("shop-") for folder in folders[1:])
    assert [project.data_dir() for project in (third, second, first)] == folders[::-1]


def test_a_project_that_moves_keeps_its_folder(tmp_path: Path) -> None:
    root = _project(tmp_path / "a/shop", "project_uuid: abc\n")
    before = open_project(root).data_dir()
    (tmp_path / "b").mkdir()
    root.rename(tmp_path / "b/shop")
    assert open_project(tmp_path / "b/shop").data_dir() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_cannot_be_written_is_named_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(locked))
    assert open_project(_project(tmp_path / "shop")).data_dir() == locked / "shop"


def test_a_data_folder_that_is_a_file_is_named_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "file"))
    assert open_project(_project(tmp_path / "shop")).data_dir() == tmp_path / "file/shop"


def test_reading_makes_no_folders(tmp_path: Path, data: Path) -> None:
    open_project(PROJECTS / "good").pipeline("reports/monthly")
    assert not data.exists()


# Speed


def test_opening_imports_little() -> None:
    code = (
        "from penstock.project import open_project; p = open_project(sys.argv[1]); p.pipeline('orders');"
        "from penstock.project.code import third_party; third_party(p, []);"
        "print(sorted({m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            "import sys; sys.path[:0] = sys.argv.pop(1).split(':');" + code,
            ":".join(sys.path),
            str(PROJECTS / "good"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"jinja2", "msgspec", "pandas", "pyarrow", "pydantic", "click"}.isdisjoint(ast.literal_eval(done.stdout))


def test_a_thousand_pipelines_are_listed_and_read(tmp_path: Path) -> None:
    text = (PROJECTS / "good/pipelines/orders/metadata.yaml").read_text(encoding="utf-8")
    for number in range(1000):
        folder = tmp_path / "big/pipelines" / f"p{number:04}"
        folder.mkdir(parents=True)
        (folder / "metadata.yaml").write_text(text, encoding="utf-8")
    project = open_project(tmp_path / "big")
    uuids = project.pipeline_uuids()
    assert uuids == [f"p{number:04}" for number in range(1000)]
    assert len(project.pipeline("p0999").blocks) == 7
